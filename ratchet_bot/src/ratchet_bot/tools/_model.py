"""A model archive that predicts messages with their context, many at a time, through Rasa's own graph."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ratchet_bot import retrieval
from ratchet_bot.tools._errors import ToolError, refused

FALLBACK = "nlu_fallback"
BATCH = 512
ENTITY_KEYS = ("entity", "start", "end", "value", "role", "group", "extractor")


@dataclass(frozen=True)
class Prediction:
    """What a model says about a message.

    `intent` is after the fallback; `ranking` holds (intent, confidence) of the classifier itself, best first, and
    `confidence` is that of its first, also when the intent is `nlu_fallback`. `entities` are those that the pipeline
    found, each a dict of `entity`, `start`, `end`, `value`, and `role`, `group` and `extractor` where there are any.
    """

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    entities: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Model:
    """A loaded graph; `metadata` is Rasa's."""

    runner: Any
    metadata: Any

    @property
    def model_id(self) -> str:
        """The id that Rasa gave the archive when it was trained."""
        return str(self.metadata.model_id)

    @property
    def synonyms(self) -> dict[str, str]:
        """The words that the model replaces by a value, in lower case; none where its pipeline maps none."""
        nodes = getattr(self.runner, "_instantiated_nodes", {}).values()
        components = (getattr(node, "_component", None) for node in nodes)
        found = (getattr(component, "synonyms", None) for component in components)
        return {
            str(words): str(value)
            for known in found
            if isinstance(known, dict)
            for words, value in known.items()
        }

    def predict(self, texts: Sequence[str], contexts: Sequence[Mapping[str, str]]) -> list[Prediction]:
        """Predictions in the order of the messages; each is what a batch of this message alone would give."""
        predictions = []
        for start in range(0, len(texts), BATCH):
            batch = zip(texts[start : start + BATCH], contexts[start : start + BATCH], strict=True)
            predictions += [prediction_of(data) for data in parse(self.runner, self.metadata, list(batch))]
        return predictions


def load(path: Path, sha256: str | None = None) -> Model:
    """Load an archive, after its digest was verified where one is given: an archive is code.

    Raises ToolError for a file that is missing, has another digest, or is no model archive.
    """
    import tempfile

    from rasa.engine import loader
    from rasa.engine.runner.dask import DaskGraphRunner
    from rasa.engine.storage.local_model_storage import LocalModelStorage

    verify(path, sha256)
    with tempfile.TemporaryDirectory(prefix="ratchet-model-") as scratch:
        try:
            metadata, runner = loader.load_predict_graph_runner(
                Path(scratch), path, LocalModelStorage, DaskGraphRunner
            )
        except Exception as error:  # any broken archive: tar, JSON, missing component, ...
            raise refused(f"{path} cannot be loaded as a model", error, "Train it again.") from error
    return Model(runner, metadata)


def verify(path: Path, sha256: str | None) -> str:
    """The archive's sha256. Raises ToolError where it is missing or not the expected one."""
    if not path.is_file():
        raise ToolError(f"There is no model at {path}.", "Name an existing model archive.")
    with path.open("rb") as archive:
        found = hashlib.sha256()
        while chunk := archive.read(1 << 20):
            found.update(chunk)
    digest = found.hexdigest()
    if sha256 and sha256.removeprefix("sha256:") != digest:
        raise ToolError(
            f"{path} has the sha256 {digest}, not {sha256}.", "It is not loaded; fetch the model again."
        )
    return digest


def parse(
    runner: Any, metadata: Any, messages: Sequence[tuple[str, Mapping[str, str]]]
) -> list[dict[str, Any]]:
    """Rasa's parse data of (text, context) pairs, in one run of the graph."""
    from rasa.core.channels.channel import UserMessage
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
    from rasa.shared.core.trackers import DialogueStateTracker

    users = [UserMessage(text, metadata={"context": dict(context)}) for text, context in messages]
    target = metadata.nlu_target
    inputs = {PLACEHOLDER_MESSAGE: users, PLACEHOLDER_TRACKER: DialogueStateTracker.from_events("", [])}
    parsed = runner.run(inputs=inputs, targets=[target])[target]
    blank = {"text": "", "intent": {"name": None, "confidence": 0.0}, "entities": []}
    return [{**blank, **message.as_dict(only_output_properties=True)} for message in parsed]


def prediction_of(parsed: Mapping[str, Any], length: int = 3) -> Prediction:
    """The prediction in Rasa's parse data; of a group of retrieval intents it names the member that was chosen."""
    groups = [
        (e["name"], float(e["confidence"])) for e in parsed.get("intent_ranking", []) if e["name"] != FALLBACK
    ]
    ranking = retrieval.ungrouped(parsed, groups)
    intent = parsed["intent"]
    confidence = ranking[0][1] if ranking else float(intent["confidence"])
    entities = tuple(map(entity_of, parsed.get("entities") or ()))
    name = retrieval.full(parsed, intent["name"] or FALLBACK)
    return Prediction(name, confidence, tuple(ranking[:length]), entities)


def entity_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """An entity of Rasa's parse data in the keys that are kept; a value that is no text stays what it is."""
    return {key: found[key] for key in ENTITY_KEYS if found.get(key) is not None}
