"""Secrets leave `credentials.yml`: each by name, none is left, nothing else is touched."""

from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.migration import seam

OPEN = {
    "rest": None,
    "socketio": {
        "user_message_evt": "user_uttered",
        "bot_message_evt": "bot_uttered",
        "session_persistence": True,
    },
    "telegram": {"verify": "a_bot", "webhook_url": "https://example.org/webhooks/telegram/webhook"},
    "callback": {"url": "http://localhost:5034/bot"},
}


@pytest.mark.parametrize(
    ("channel", "name", "variable"),
    [
        ("telegram", "access_token", "TELEGRAM_ACCESS_TOKEN"),
        ("slack", "slack_token", "SLACK_SLACK_TOKEN"),
        ("slack", "slack_signing_secret", "SLACK_SLACK_SIGNING_SECRET"),
        ("facebook", "verify", "FACEBOOK_VERIFY"),
        ("facebook", "page-access-token", "FACEBOOK_PAGE_ACCESS_TOKEN"),
        ("twilio", "account_sid", "TWILIO_ACCOUNT_SID"),
        ("socketio", "jwt_key", "SOCKETIO_JWT_KEY"),
        ("channels.mine.MyChannel", "api_key", "CHANNELS_MINE_MYCHANNEL_API_KEY"),
        ("botframework", "app_password", "BOTFRAMEWORK_APP_PASSWORD"),
        ("channels.mine.MyChannel", "accessToken", "CHANNELS_MINE_MYCHANNEL_ACCESSTOKEN"),
    ],
)
def test_a_secret_becomes_a_reference_to_a_variable(channel: str, name: str, variable: str) -> None:
    """The variable is named after channel and setting; the value is beside it, and nowhere else."""
    cleaned, secrets = seam.without_secrets({channel: {name: "s3cr3t", "other": "open"}})
    assert cleaned == {channel: {name: f"${{{variable}}}", "other": "open"}}
    assert secrets == {variable: "s3cr3t"}


def test_what_is_no_secret_stays() -> None:
    """Addresses, names of events, a public name of a bot."""
    assert seam.without_secrets(OPEN) == (OPEN, {})


def test_a_reference_that_is_there_already_stays() -> None:
    """`${SLACK_TOKEN}` is a variable of the team's own."""
    own = {"slack": {"slack_token": "${SLACK_TOKEN}"}}
    assert seam.without_secrets(own) == (own, {})


def test_a_password_inside_an_address_is_a_secret() -> None:
    """The whole address goes, because a part of it cannot be a variable of its own."""
    cleaned, secrets = seam.without_secrets({"callback": {"url": "https://anna:pw@example.org/bot"}})
    assert cleaned == {"callback": {"url": "${CALLBACK_URL}"}}
    assert secrets == {"CALLBACK_URL": "https://anna:pw@example.org/bot"}


@given(
    st.dictionaries(
        st.sampled_from(["slack", "a.b.C"]),
        st.dictionaries(
            st.sampled_from(["token", "auth_token", "x", "nested"]),
            st.one_of(
                st.text(min_size=1),
                st.none(),
                st.booleans(),
                st.dictionaries(st.sampled_from(["secret", "y"]), st.text(min_size=1)),
            ),
        ),
        max_size=2,
    )
)
def test_no_value_of_a_secret_setting_is_left(credentials: dict[str, dict[str, object]]) -> None:
    """Whatever the settings are: what looks like a secret is a reference, and done again nothing changes."""
    cleaned, secrets = seam.without_secrets(credentials)
    assert seam.without_secrets(cleaned) == (cleaned, {})
    assert all(f"${{{name}}}" in str(cleaned) for name in secrets)


@pytest.mark.parametrize("name", ["url", "dsn", "mongo_uri", "broker"])
def test_a_password_in_an_address_is_a_secret_whatever_the_setting_is_called(name: str) -> None:
    """What has no password stays readable, also an address that is none."""
    _, secrets = seam.without_secrets({"mine": {name: "postgres://user:s3cr3t@db/x"}})
    assert list(secrets.values()) == ["postgres://user:s3cr3t@db/x"]
    for open_one in ("http://[bad", "http://localhost:5034/bot", "a@b:c"):
        assert seam.without_secrets({"mine": {name: open_one}}) == ({"mine": {name: open_one}}, {})


def test_the_secrets_of_a_list_are_secrets() -> None:
    """Each gets a variable of its own."""
    cleaned, secrets = seam.without_secrets({"mine": {"tokens": ["s3cr3t", "0ther"], "names": ["a"]}})
    assert cleaned == {"mine": {"tokens": ["${MINE_TOKENS_0}", "${MINE_TOKENS_1}"], "names": ["a"]}}
    assert secrets == {"MINE_TOKENS_0": "s3cr3t", "MINE_TOKENS_1": "0ther"}


@pytest.mark.parametrize(
    "value", ["plain", "it's", "a\\b", "x'\nRATCHET_STACK='other", "two\nlines", "$x #y"]
)
def test_a_value_comes_out_of_env_as_it_went_in(value: str) -> None:
    """Quotes and line ends in a secret neither cut it off nor name a second variable."""
    read = dotenv_values(stream=io.StringIO(f"ONE={seam.quoted(value)}\nTWO='2'\n"), interpolate=False)
    assert read == {"ONE": value, "TWO": "2"}


def test_settings_whose_variables_would_be_one_have_one_each() -> None:
    """`api-key` and `api_key` keep their own values."""
    cleaned, secrets = seam.without_secrets({"own": {"api-key": "one", "api_key": "two"}})
    assert cleaned == {"own": {"api-key": "${OWN_API_KEY}", "api_key": "${OWN_API_KEY_}"}}
    assert secrets == {"OWN_API_KEY": "one", "OWN_API_KEY_": "two"}
