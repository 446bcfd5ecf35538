"""What stands beside the bot in a colour's stack, and TLS at the proxy: derived from stack.yml."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import sha256
from ratchet.adapters.targets.swarm import companions, derived, stack, tls
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.colours import Colour
from tests.adapters.targets.swarm.test_derived import release

OLD = Path(__file__).with_name("stack-of-one-colour.yml")
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\ny\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace without deployments of its own."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    return load_settings(tmp_path, stack="team")


def coloured(settings: Settings, document: dict[str, Any]) -> dict[str, Any]:
    """The blue stack of a release with custom actions."""
    values = stack.variables(settings, release("r2"))
    made = derived.coloured(document, "team", "team-blue", "bot-blue", values, sha256)
    return companions.with_actions(made, "bot-blue", companions.key(Colour.BLUE), document)


def test_a_colour_has_its_own_actions_and_its_replicas_know_where(settings: Settings) -> None:
    """From the release's image, with the project's variables and none of the bot's own secrets."""
    made = coloured(settings, stack.read(settings))
    own, bot = made["services"]["actions-blue"], made["services"]["bot-blue"]
    assert own["image"] == bot["image"] == "${RATCHET_IMAGE}"
    assert own["secrets"] == ["ratchet_variables"]
    assert bot["environment"]["RATCHET_ACTIONS_SERVICE"] == "http://actions-blue:5055"
    assert set(own["networks"]) <= set(made["networks"])
    assert own["read_only"]
    assert own["cap_drop"] == ["ALL"]
    assert "ports" not in own


def test_what_all_releases_stand_on_has_no_actions(settings: Settings) -> None:
    """They belong to the colour, also where a stack.yml from before does not know them."""
    document = stack.read(settings)
    assert "actions" not in derived.base(document)["services"]
    (settings.workspace / "deployments").mkdir()
    (settings.workspace / "deployments" / "stack.yml").write_text(OLD.read_text())
    old = stack.read(settings)
    assert "actions" not in derived.base(old)["services"]
    assert "actions-blue" in coloured(settings, old)["services"]


def test_a_server_of_the_teams_own_stays_where_it_is(settings: Settings) -> None:
    """Whose address the bot is told: it is part of the base, and no colour starts another."""
    document = copy.deepcopy(stack.read(settings))
    del document["services"]["actions"]
    document["services"]["bot"]["environment"]["RATCHET_ACTIONS_URL"] = "http://actions:5055/webhook"
    document["services"]["actions"] = {"image": "ours", "networks": ["state"]}
    document = derived.completed(document, stack.read(settings))
    assert derived.base(document)["services"]["actions"]["image"] == "ours"
    made = coloured(settings, document)
    assert "actions-blue" not in made["services"]
    assert "RATCHET_ACTIONS_SERVICE" not in made["services"]["bot-blue"]["environment"]


def test_the_variables_are_a_secret_whose_name_follows_them(settings: Settings) -> None:
    """So a release has those of the day, and a warm one with others is no way back."""

    def digest() -> str:
        label = coloured(settings, stack.read(settings))["services"]["bot-blue"]["deploy"]["labels"]
        return str(label[derived.SECRETS])

    before = digest()
    assert digest() == before
    (settings.workspace / ".env").write_text("SLACK_TOKEN='other'\n")
    assert digest() != before


def test_the_proxy_gets_certificate_port_and_word(settings: Settings) -> None:
    """Nothing of it without the setting; the secret's name follows the file."""
    assert "secrets" not in stack.read(settings)["services"]["proxy"]
    file = settings.workspace / "bot.pem"
    file.write_text(PEM)
    with_tls = settings.model_copy(update={"tls_certificate": Path("bot.pem"), "tls_port": 9443})
    made = derived.base(stack.read(with_tls))
    proxy = made["services"]["proxy"]
    assert proxy["environment"] == {"RATCHET_TLS": "yes"}
    assert {"target": 8443, "published": 9443, "mode": "host"} in proxy["ports"]
    assert made["secrets"][tls.SECRET] == {"name": f"team-tls-{sha256(file)[:12]}", "file": str(file)}


@pytest.mark.parametrize("content", ["", "-----BEGIN CERTIFICATE-----\n", None])
def test_a_certificate_without_its_key_is_refused(settings: Settings, content: str | None) -> None:
    """Before anything is told to the engine: HAProxy would not start."""
    file = settings.workspace / "bot.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(RatchetError, match="certificate"):
        stack.read(settings.model_copy(update={"tls_certificate": file}))
