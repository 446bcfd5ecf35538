"""`credentials.yml` as it is read: variables in place of secrets, and one error with file and line for each fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ratchet_bot.channel import credentials, platforms
from ratchet_bot.tools._errors import ToolError

VALUES = {"TOKEN": "t" * 20, "HOST": "example.org"}


def written(folder: Path, text: str) -> Path:
    """The file with this text."""
    path = folder / "credentials.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_variables_take_the_place_of_their_names(tmp_path: Path) -> None:
    """Also within a text, in a list and below a key, as Rasa reads them."""
    text = (
        "a.B:\n  token: ${TOKEN}\n  urls: ['https://${HOST}/x', plain]\n  on:\n    deep: ${TOKEN}\n  n: 3\n"
    )
    options = credentials.read(written(tmp_path, text), VALUES)[0].options
    wanted = {"token": "t" * 20, "urls": ["https://example.org/x", "plain"], "on": {"deep": "t" * 20}, "n": 3}
    assert options == wanted


def test_nothing_is_an_empty_list(tmp_path: Path) -> None:
    """As Rasa's own file comes, with everything commented."""
    assert credentials.read(written(tmp_path, "# rest:\n"), {}) == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rest:\nslack:\n  slack_token: xoxb-123\n", 3, "slack_token is written out"),
        ("a.B:\n  nested:\n    api_key: abc\n", 3, "api_key is written out"),
        ("a.B:\n  - password: abc\n", 1, "in place of options"),
        ("slack: xoxb-123\n", 1, "in place of options"),
        ("slack: [xoxb-123]\n", 1, "in place of options"),
        ("callback:\n  url: https://bot:pass@example.org/x\n", 2, "url is written out"),
        ("twilio:\n  auth_token: 12345\n", 2, "auth_token is written out"),
        ("rest:\nslack:\n  slack_token: ${NOT_THERE}\n", 3, "needs the variable NOT_THERE"),
        ("a.B:\n  x: ${}\n", 2, "needs the variable"),
        ("rest: yes please\n", 1, "in place of options"),
        ("rest:\nrest:\n", 2, "duplicate key"),
        ("rest:\n  a: 1\n b: 2\n", 3, ""),
        ("rest:\n\tx: 1\n", 2, ""),
        ("- rest\n", 1, "names no channels"),
        ("just text\n", 1, "names no channels"),
        ("'../x':\n", 1, "is no channel"),
        ("rest: " + "[" * 9000, 1, "nested"),
    ],
)
def test_each_fault_has_file_and_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    """And the error is one, in words, without the secret."""
    path = written(tmp_path, text)
    with pytest.raises(ToolError) as caught:
        credentials.read(path, VALUES)
    said = str(caught.value)
    assert said.startswith(f"{path} line {line}: "), said
    assert words in said
    assert "xoxb-123" not in said
    assert "bot:pass" not in said


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("rest:\n\nno.such.Channel:\n", 3, "no.such.Channel cannot be loaded"),
        ("slak:\n", 1, "slak cannot be loaded"),
        ("json.JSONDecoder:\n", 1, "is no class of a channel"),
        ("rest:\nslack:\n  slack_token: ${TOKEN}\n", 2, "lacks its secret slack_signing_secret"),
        ("telegram:\n", 1, "lacks its secret access_token"),
        ("callback:\n", 1, "lacks its option url"),
        ("rest:\nrasa.core.channels.rest.RestInput:\n", 2, "the same path as that in"),
        ("socketio:\nsocketio/two: {socketio_path: /socket.io}\n", 2, "the same path as that in"),
        ("twilio:\n  account_sid: ${TOKEN}\n  auth_token: ${TOKEN}\n  twilio_number: '+1'\n", 1, "[twilio]"),
    ],
)
def test_a_channel_that_cannot_be_served_is_named(tmp_path: Path, text: str, line: int, words: str) -> None:
    """Before the server listens; a library that the lean environment lacks is named with the command that adds it."""
    path = written(tmp_path, text)
    with pytest.raises(ToolError) as caught:
        platforms.read(path, VALUES)
    assert str(caught.value).startswith(f"{path} line {line}: ")
    assert words in str(caught.value)


def test_what_is_not_served_is_said(tmp_path: Path) -> None:
    """Rasa X's channel comes with each project of old."""
    path = written(tmp_path, "rest:\nrasa:\n  url: http://localhost:5002/api\n")
    assert [one.path for one in platforms.read(path, {})] == ["rest"]
    assert credentials.left_out(path) == [
        "the channel rasa is not served: it speaks with Rasa X, which Ratchet takes the place of"
    ]


def test_several_channels_of_one_kind_have_paths_of_their_own(tmp_path: Path) -> None:
    """By a label after the kind."""
    path = written(tmp_path, "rest:\nrest/shop:\nsocketio:\nsocketio/shop:\n")
    found = platforms.read(path, {})
    assert platforms.paths(found) == [
        *("/webhooks/rest/webhook", "/webhooks/rest/shop/webhook", "/socket.io", "/socket.io/shop")
    ]


def test_variables_come_from_the_secret_first(tmp_path: Path) -> None:
    """In the fleet a Docker secret, else a file that RATCHET_VARIABLES_FILE names, else the environment."""
    assert credentials.variables({"A": "shell"}, tmp_path) == {"A": "shell"}
    (tmp_path / "ratchet_variables").write_text(json.dumps({"A": "secret"}), encoding="utf-8")
    assert credentials.variables({"A": "shell", "B": "b"}, tmp_path) == {"A": "secret", "B": "b"}
