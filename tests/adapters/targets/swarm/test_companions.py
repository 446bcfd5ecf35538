"""What stands beside the bot in a colour's stack, and TLS at the proxy: derived from stack.yml."""

from __future__ import annotations

import copy
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import sha256
from ratchet.adapters.targets.swarm import companions, derived, proxies, stack, tls
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.colours import Colour
from tests.adapters.targets.swarm.test_derived import release

OLD = Path(__file__).with_name("stack-of-one-colour.yml")


def pem(password: bytes | None = None) -> tuple[bytes, bytes]:
    """A certificate and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime(2026, 1, 1, tzinfo=UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=2))
    sealed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return (
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, form, sealed),
    )


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


def test_what_only_the_actions_need_comes_to_the_colour_too(settings: Settings, tmp_path: Path) -> None:
    """A secret and a network that stack.yml declares for `actions` alone; another content is another secret."""
    document = copy.deepcopy(stack.read(settings))
    file = tmp_path / "password"
    file.write_text("one")
    document["secrets"]["database"] = {"file": str(file)}
    document["networks"]["ledger"] = {}
    service = document["services"]["actions"]
    service["secrets"], service["networks"] = ["database"], ["ledger"]
    made = coloured(settings, document)
    assert made["services"]["actions-blue"]["secrets"] == ["database"]
    assert made["secrets"]["database"]["name"] == f"team-blue-database-{sha256(file)[:12]}"
    assert set(made["services"]["actions-blue"]["networks"]) == {"ledger", "front", "state"}
    assert made["networks"]["ledger"]["name"] == "team_ledger"
    label = made["services"]["bot-blue"]["deploy"]["labels"][derived.SECRETS]
    file.write_text("two")
    assert coloured(settings, document)["services"]["bot-blue"]["deploy"]["labels"][derived.SECRETS] != label


def test_what_all_releases_stand_on_has_no_actions(settings: Settings) -> None:
    """They belong to the colour, also where a stack.yml from before does not know them."""
    document = stack.read(settings)
    assert "actions" not in derived.base(document)["services"]
    (settings.workspace / "deployments").mkdir()
    (settings.workspace / "deployments" / "stack.yml").write_text(OLD.read_text())
    old = stack.read(settings)
    assert "actions" not in derived.base(old)["services"]
    assert "actions-blue" in coloured(settings, old)["services"]


@pytest.mark.parametrize(
    "told",
    [
        {"environment": {"RATCHET_ACTIONS_URL": "http://actions:5055/webhook"}},
        {"environment": ["RATCHET_ACTIONS_URL_FILE=/run/secrets/where"]},
        {"secrets": ["ratchet_actions_url"]},
        {"secrets": [{"source": "where", "target": "/run/secrets/ratchet_actions_url"}]},
    ],
)
def test_a_server_of_the_teams_own_stays_where_it_is(settings: Settings, told: dict[str, Any]) -> None:
    """Whose address the bot is told, in any of its ways: it is part of the base, and no colour starts another."""
    document = copy.deepcopy(stack.read(settings))
    del document["services"]["actions"]
    document["services"]["bot"] |= told
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
    file.write_bytes(b"".join(pem()))
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


@pytest.mark.parametrize("fault", ["another's key", "a damaged certificate", "a passphrase"])
def test_a_certificate_that_no_proxy_would_start_with_is_refused(settings: Settings, fault: str) -> None:
    """The key of another certificate, half a file, a key that asks for a passphrase: each would end every proxy."""
    certificate, key = pem(b"secret" if fault == "a passphrase" else None)
    if fault == "another's key":
        key = pem()[1]
    if fault == "a damaged certificate":
        certificate = certificate.replace(b"\n", b"\n!", 3)
    file = settings.workspace / "bot.pem"
    file.write_bytes(certificate + key)
    with pytest.raises(RatchetError, match=r"bot\.pem cannot be used.*without a passphrase"):
        stack.read(settings.model_copy(update={"tls_certificate": file}))


def test_a_configuration_of_before_is_told_what_it_lacks(settings: Settings, tmp_path: Path) -> None:
    """It would let no channel through, and speak no TLS: neither is left to be found out by users."""
    own, shipped = tmp_path / "haproxy.cfg", stack.recipes(settings)[stack.HAPROXY]
    own.write_text("frontend channel\n")
    with_tls = settings.model_copy(update={"tls_certificate": Path("bot.pem")})
    proxies.require_wanted(settings, own)
    proxies.require_wanted(with_tls, shipped)
    with pytest.raises(RatchetError, match="does not speak TLS"):
        proxies.require_wanted(with_tls, own)
    (settings.bot / "credentials.yml").write_text("rest:\n")
    proxies.require_wanted(settings, shipped)
    with pytest.raises(RatchetError, match="none of the channels"):
        proxies.require_wanted(settings, own)


def test_a_certificate_and_its_key_in_two_files_are_joined_as_advised(
    settings: Settings, tmp_path: Path
) -> None:
    """`cat fullchain.pem privkey.pem > bot.pem`, in a folder with those names, and the file is taken."""
    for name, content in zip(("fullchain.pem", "privkey.pem"), pem(), strict=True):
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RatchetError, match="does not hold both") as refused:
        tls.require(tmp_path / "fullchain.pem")
    [command] = re.findall(r"`([^`]+)`", refused.value.remedy)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    tls.require(tmp_path / "bot.pem")
