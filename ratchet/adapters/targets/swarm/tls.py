"""TLS at the fleet's proxy, with a certificate that the team has or that an ACME client renews."""

from __future__ import annotations

import copy
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError

SECRET, INSIDE = "ratchet_tls_certificate", 8443
PARTS = (b"-----BEGIN CERTIFICATE-----", b"PRIVATE KEY-----")


def terminated(document: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return a stack whose proxy also listens with TLS, where RATCHET_TLS_CERTIFICATE names a file; else as it is.

    The secret's name follows the file's content, so a renewed certificate comes out with the next release, or with
    `ratchet serve`. Raises `RatchetError` where the file is not there, or does not hold a certificate and its key.
    """
    made, path = copy.deepcopy(dict(document)), settings.tls_certificate
    proxy = made["services"].get("proxy")
    if path is None or proxy is None:
        return made
    file = path if path.is_absolute() else settings.workspace / path
    require(file)
    name = f"{settings.stack}-tls-{sha256(file)[:12]}"
    made["secrets"] = {**(made.get("secrets") or {}), SECRET: {"name": name, "file": str(file)}}
    proxy["secrets"] = [*(proxy.get("secrets") or []), {"source": SECRET, "target": SECRET}]
    environment = proxy.get("environment") or {}
    told = {"RATCHET_TLS": "yes"}
    proxy["environment"] = (
        [*environment, *(f"{key}={value}" for key, value in told.items())]
        if isinstance(environment, list)
        else {**environment, **told}
    )
    port = {"target": INSIDE, "published": settings.tls_port, "mode": "host"}
    proxy["ports"] = [*(proxy.get("ports") or []), port]
    return made


def require(file: Path) -> None:
    """Raise `RatchetError` unless a file holds a certificate and its own key: else no proxy would start with it."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RatchetError(
            f"{file}, the certificate, cannot be read: {error.strerror}.", "Correct RATCHET_TLS_CERTIFICATE."
        ) from error
    if not all(part in content for part in PARTS):
        raise RatchetError(
            f"{file} does not hold both a certificate and its key.",
            "Put both into one file: `cat fullchain.pem privkey.pem > bot.pem`.",
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            file, password=""
        )  # asks no one for a passphrase
    except (OSError, ValueError) as error:
        raise RatchetError(
            f"{file} cannot be used: its certificate and key do not go together, or one is damaged or encrypted.",
            "Put the certificate and its own key, without a passphrase, into that file.",
        ) from error
