"""Sentence encoders in the artifact store: each is kept there once, however many models use it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from ratchet.adapters.bot import encoders, weights
from ratchet.adapters.bot.encoders import Encoder
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import RatchetError

EXPERIMENT = "encoders"
TAG, NAME_TAG = "ratchet.encoder", "ratchet.encoder.name"


def keep(registry: Registry, digest: str) -> None:
    """Store the encoder of a digest, unless it is there; raises `RatchetError` if it is not whole on this machine."""
    if stored(registry, digest):
        return
    files = encoders.files_of(registry.settings, digest)
    run = registry.client.create_run(registry.experiment(EXPERIMENT), run_name=digest[:32])
    for path in files.values():
        registry.client.log_artifact(run.info.run_id, str(path))
    name = encoders.read(files[encoders.DESCRIPTION]).name
    registry.client.set_tag(run.info.run_id, NAME_TAG, name)
    registry.client.set_tag(run.info.run_id, TAG, digest)  # last: what has it is whole
    registry.client.set_terminated(run.info.run_id)


def stored(registry: Registry, wanted: str) -> str:
    """Return the newest run that holds the encoder of a digest or name, "" where none does."""
    runs = [run for run in registry.reader.runs(EXPERIMENT, "FINISHED") if TAG in run.tags]
    found = [run.id for run in runs if wanted in (run.tags[TAG], run.tags.get(NAME_TAG))]
    return found[-1] if found else ""


def restored(registry: Registry, wanted: str) -> Encoder | None:
    """Take the encoder of a digest or name from the artifact store; None where that has none. Raises `RatchetError`."""
    run = stored(registry, wanted)
    if not run:
        return None
    import mlflow.artifacts

    with tempfile.TemporaryDirectory(prefix="ratchet-encoder-") as beside:
        try:
            place = mlflow.artifacts.download_artifacts(
                run_id=run, tracking_uri=registry.uri, dst_path=str(Path(beside))
            )
        except Exception as error:
            raise RatchetError(
                f"The sentence encoder {wanted[: encoders.SHOWN]} cannot be fetched from the artifact store.",
                "Check the artifact store; `ratchet encoder fetch` can get it again.",
            ) from error
        return encoders.put(registry.settings, Path(place))


def ready(settings: Settings, registry: Registry, digest: str, say: Callable[[str], None]) -> None:
    """See that the encoder of a model is here, unchanged: from the store, else from where it came; "" needs none.

    Raises `RatchetError` where it cannot be had: the model cannot be loaded without it.
    """
    if not digest or encoders.whole(settings, digest):
        return
    if lenient(registry, digest):
        return
    ours = next(
        (one for name in weights.known() if (one := encoders.shipped(name)) and one.digest == digest), None
    )
    try:
        if ours:
            weights.fetch(settings, ours.name, say)
            return
        why = "it is neither on this machine nor in the artifact store"
    except RatchetError as error:
        why = error.fact
    raise RatchetError(
        f"The model needs the sentence encoder {digest[: encoders.SHOWN]}, and cannot run without it: {why}",
        "Bring its folder with RATCHET_ENCODER_WEIGHTS and `ratchet encoder fetch`, or go to a model that needs none.",
    )


def for_training(settings: Settings, registry: Registry, say: Callable[[str], None]) -> tuple[str, str]:
    """Return the digest of the encoder that bot/config.yml asks for, and why it is "" where it cannot have it.

    It is looked for as `obtained` does.
    """
    name = encoders.wanted(settings.bot)
    if not name:
        return "", ""
    try:
        return obtained(settings, registry, name, say).digest, ""
    except RatchetError as error:
        return (
            "",
            f"Without the sentence encoder {name} the linear classifier is trained: {error.fact} {error.remedy}",
        )


def obtained(settings: Settings, registry: Registry, name: str, say: Callable[[str], None]) -> Encoder:
    """Return an encoder by its name: of this machine, of the artifact store, or from where it comes.

    Raises `RatchetError` where it cannot be had.
    """
    if settings.encoder_weights == weights.NONE:
        return weights.fetch(settings, name, say)  # which refuses
    ours = encoders.shipped(name)
    found = encoders.whole(settings, name) or lenient(registry, ours.digest if ours else name)
    return found or weights.fetch(settings, name, say)


def lenient(registry: Registry, wanted: str) -> Encoder | None:
    """Take an encoder from the artifact store; None also if the store does not answer."""
    with contextlib.suppress(RatchetError):
        return restored(registry, wanted)
    return None
