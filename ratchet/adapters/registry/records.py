"""The registry's records in JSON: models, releases, attempts, overrides. A damaged one is named, never guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from ratchet.adapters.system.files import MALFORMED
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.override import Override
from ratchet.domain.release.attempt import Attempt
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model

T = TypeVar("T")


def read_model(text: str, version: str) -> Model:
    """Read the record of a model's version."""
    return _read(text, f"model version {version}", lambda data: Model.from_dict({**data, "version": version}))


def read_release(text: str, name: str) -> Release:
    """Read the manifest of a release."""
    return _read(text, f"release {name}", Release.from_dict)


def read_attempt(text: str, name: str) -> Attempt:
    """Read the record of a failed attempt."""
    return _read(text, f"the attempt {name}", Attempt.from_dict)


def read_override(text: str, version: str) -> Override:
    """Read a person's decision about a model's version."""
    return _read(text, f"the override of model version {version}", Override.from_dict)


def _read(text: str, what: str, make: Callable[[Any], T]) -> T:
    try:
        return make(json.loads(text))
    except MALFORMED as error:
        raise RatchetError(
            f"The registry's record of {what} cannot be read: it was changed.",
            "Restore MLflow's database from a backup.",
        ) from error
