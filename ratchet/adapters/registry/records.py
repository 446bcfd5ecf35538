"""The registry's records in JSON: models, releases, attempts, overrides. A damaged one is named, never guessed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from ratchet.adapters.system.files import MALFORMED
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.override import Override
from ratchet.domain.release.attempt import Attempt
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from ratchet.domain.release.stories import Stories

T = TypeVar("T")
RELEASE_TAG, STORIES_TAG = "ratchet.release", "ratchet.stories"
TAG_LENGTH = 4000


def read_model(text: str, version: str) -> Model:
    """Read the record of a model's version."""
    return _read(text, f"model version {version}", lambda data: Model.from_dict({**data, "version": version}))


def read_release(text: str, name: str) -> Release:
    """Read the manifest of a release."""
    return _read(text, f"release {name}", Release.from_dict)


def release_of(tags: Mapping[str, str], name: str) -> Release:
    """Read the manifest of a release, with its test stories, from its run's tags; see `release_tags`."""
    release = read_release(tags[RELEASE_TAG], name)
    parts = [tags[tag] for number in range(len(tags)) if (tag := f"{STORIES_TAG}.{number}") in tags]
    if not parts:
        return release
    return replace(
        release, stories=_read("".join(parts), f"the test stories of release {name}", Stories.from_dict)
    )


def release_tags(release: Release) -> dict[str, str]:
    """Return a manifest as tags of its run.

    The test stories are in tags of their own, as many as they need: MLflow keeps at most 8,000 characters in one.
    """
    tags = {RELEASE_TAG: json.dumps(replace(release, stories=None).as_dict())}
    if release.stories is not None:
        text = json.dumps(release.stories.as_dict(), separators=(",", ":"))
        for number, begin in enumerate(range(0, len(text), TAG_LENGTH)):
            tags[f"{STORIES_TAG}.{number}"] = text[begin : begin + TAG_LENGTH]
    return tags


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
