"""Who may call."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet_bot.channel import access
from ratchet_bot.channel.settings import secret, secret_file
from ratchet_bot.tools._errors import ToolError

TOKEN, OTHER = "a" * 16, "b" * 20


def clients(folder: Path, text: str) -> Path:
    path = folder / "clients.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_token_names_its_client(tmp_path: Path) -> None:
    """Each client application has its own token and rights."""
    path = clients(
        tmp_path, f"- {{name: web, token: {TOKEN}}}\n- {{name: lab, token: {OTHER}, rights: [parse]}}\n"
    )
    known = access.load("0.0.0.0", path, None)
    assert known.client(f"Bearer {TOKEN}").name == "web"
    assert known.client(f"bearer {OTHER}").may("parse")
    assert not known.client(f"Bearer {OTHER}").may("chat")
    assert known.client(f"Bearer {TOKEN}").rights == {"chat"}
    for header in (None, "", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}"):
        assert known.client(header) is None


def test_without_client_tokens_only_loopback_is_served(tmp_path: Path) -> None:
    """An open port for everybody in the network is refused at the start."""
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        with pytest.raises(ToolError, match="No client tokens"):
            access.load(host, None, None)
    for host in ("127.0.0.1", "localhost", "::1"):
        assert access.load(host, None, None).client(None).name == "local"


def test_a_caller_without_token_may_not_claim_a_context_unless_trusted() -> None:
    """The directory decides who somebody is."""
    assert not access.load("127.0.0.1", None, None).client(None).may("claim-context")
    assert access.load("127.0.0.1", None, None, trust_context=True).client(None).may("claim-context")


def test_the_staging_token_may_do_everything(tmp_path: Path) -> None:
    """Smoke conversations state their context; it stops the bot, and reads nobody's conversation."""
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    staging = access.load("127.0.0.1", None, file).client(f"Bearer {TOKEN}")
    assert staging.rights == access.RIGHTS | {"checks", "pause"}
    assert not staging.may("handoff")


def test_who_answers_in_the_bots_place_has_a_token_that_says_so(tmp_path: Path) -> None:
    """No caller without a token, no application by default, and no other client of a file that is read for this."""
    path = clients(
        tmp_path,
        f"- {{name: people, token: {TOKEN}, rights: [handoff]}}\n- {{name: web, token: {OTHER}}}\n",
    )
    known = access.load("127.0.0.1", None, None, desks=path)
    people = known.client(f"Bearer {TOKEN}")
    assert people.may("handoff")
    assert people.may("pause")
    assert not people.may("chat")
    assert known.client(f"Bearer {OTHER}") is None
    assert not known.client(None).may("handoff")
    assert not known.client(None).may("pause")
    web = access.load("0.0.0.0", path, None).client(f"Bearer {OTHER}")
    assert not web.may("handoff")
    assert not web.may("pause")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "not a list"),
        ("3", "not a list"),
        ("- name: web", "not a list"),
        ("- {name: web, token: short}", "too short"),
        (f"- {{name: web, token: {TOKEN}, rights: [fly]}}", "grants fly"),
        (f"- {{name: web, token: {TOKEN}, rights: [checks]}}", "grants checks"),
        (f"- {{name: web, token: {TOKEN}}}\n- {{name: web, token: {OTHER}}}", "same name"),
        (f"- {{name: staging, token: {TOKEN}}}", "own checks"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """No server starts with half-read access rules."""
    with pytest.raises(ToolError, match=sentence):
        access.load("127.0.0.1", clients(tmp_path, text), None)


def test_secrets_come_from_environment_then_file_then_mount(tmp_path: Path) -> None:
    """The order in which a secret is looked for."""
    (tmp_path / "ratchet_redis_url").write_text("redis://mounted\n")
    named = tmp_path / "named"
    named.write_text("redis://named")
    everything = {"RATCHET_REDIS_URL": "redis://plain", "RATCHET_REDIS_URL_FILE": str(named)}
    assert secret("redis_url", everything, tmp_path) == "redis://plain"
    assert secret("redis_url", {"RATCHET_REDIS_URL_FILE": str(named)}, tmp_path) == "redis://named"
    assert secret("redis_url", {}, tmp_path) == "redis://mounted"
    assert secret("redis_url", {}, tmp_path / "none") is None
    with pytest.raises(ToolError, match="does not exist"):
        secret_file("redis_url", {"RATCHET_REDIS_URL_FILE": "/nowhere"}, tmp_path)
