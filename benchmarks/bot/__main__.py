"""Measure the bot and print its table: `uv run python -m benchmarks.bot` from the repository.

The public sets are looked for in the folder that RATCHET_PUBLIC_DATA names, else in ../shared/data. `--diet PYTHON`
adds the comparison with DIET, which takes the Python of an environment with TensorFlow (3.11) and its time.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from benchmarks.bot import data, peers, pooled
from benchmarks.bot.cycle import cycle
from benchmarks.bot.tools import LEAN, Cost, evaluate, fitted, median, run, start_and_memory, train

LOGISTIC = {
    "recipe": "default.v1",
    "assistant_id": "baseline",
    "language": "en",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "LogisticRegressionClassifier"},
    ],
    "policies": [],
}
CLASSIFIER = "ratchet_bot.components.classifier.LinearIntentClassifier"
Row = tuple[str, str, str]
SECTIONS = (
    *("few", "official", "german", "example", "typing", "labels", "growth", "service", "cycle"),
    *("peers", "peers-official"),
    *("quality", "speed", "context", "dropout"),
)
"""The first line is about the sentence encoder, the second about Rasa's own classifiers on the same rows; the third is
about the linear classifier, as before there was an encoder."""


def main(
    repeat: Annotated[int, typer.Option(help="runs of which the median is taken")] = 3,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Sections to print, each a name: {', '.join(SECTIONS)}.")
    ] = None,
    diet: Annotated[Path | None, typer.Option(help="Python with TensorFlow, to compare with DIET")] = None,
) -> None:
    """Print the figures as a Markdown table, each as soon as it is known."""
    print("| figure | measured | at least |\n| --- | --- | --- |")
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-") as scratch:
        for what, measured, wanted in rows(Path(scratch), repeat, diet, only or list(SECTIONS)):
            print(f"| {what} | {measured} | {wanted} |", flush=True)


def rows(folder: Path, repeat: int, diet: Path | None, only: Sequence[str]) -> Iterator[Row]:
    """All rows of the sections."""
    chosen: dict[str, Callable[[], Iterator[Row]]] = {
        "few": lambda: pooled.few_shot(folder),
        "official": lambda: pooled.official(folder, calibration_error),
        "german": lambda: pooled.german(folder),
        "example": lambda: pooled.example(folder),
        "typing": lambda: pooled.typing(folder),
        "labels": lambda: pooled.labels(folder),
        "growth": lambda: pooled.growth(folder),
        "service": lambda: service(folder, repeat),
        "cycle": lambda: cycle(folder, LOGISTIC),
        "peers": lambda: peers.few_shot(folder, LOGISTIC, diet),
        "peers-official": lambda: peers.official(folder, LOGISTIC, diet),
        "quality": lambda: quality(folder),
        "speed": lambda: speed(folder, repeat),
        "context": lambda: context(folder),
        "dropout": lambda: dropout(folder),
    }
    for name in only:
        yield from chosen[name]()


def service(folder: Path, repeat: int) -> Iterator[Row]:
    """A replica with the encoder on BANKING77, and one without: one message, start, memory."""
    learn, ask = (data.public("banking77", split) for split in ("train", "test"))
    for what, encoder in (("", pooled.english()), ("linear: ", "")):
        place = folder / f"service-{bool(encoder)}"
        config = folder / "config.json"
        pipeline = [{"name": CLASSIFIER, "encoder": encoder and "english"}]
        config.write_text(json.dumps({"pipeline": pipeline, "policies": [{"name": "RulePolicy"}]}))
        fit(learn, ask, place, config)
        summary = json.loads((place / "summary.json").read_text())["model"]
        latency = f"{summary['latency_p50_ms']:.1f} / {summary['latency_p95_ms']:.1f} ms"
        yield f"{what}one message inside the model, p50 / p95", latency, "" if what else "p50 at most 9 ms"
        starts = [start_and_memory(place / "model.tar.gz") for _ in range(repeat)]
        yield f"{what}server: start to ready", f"{np.median([s for s, _ in starts]):.1f} s", "at most 3 s"
        memory = f"{np.median([m for _, m in starts]):.0f} MB"
        yield f"{what}server: memory after a message", memory, "" if what else "at most 350 MB"


def quality(folder: Path) -> Iterator[Row]:
    """Accuracy, calibration and out-of-scope on the official splits."""
    for name, wanted in (("banking77", "91.0%"), ("clinc150", "92.3%")):
        told = fit(data.public(name, "train"), data.public(name, "test"), folder / name)
        inside = told[told["intent"] != data.OUT_OF_SCOPE]
        yield f"{name}: accuracy in scope", percent(inside["top"] == inside["intent"]), wanted
        yield f"{name}: expected calibration error", f"{calibration_error(inside):.3f}", "at most 0.04"
    outside = told[told["intent"] == data.OUT_OF_SCOPE]
    loss = (inside["top"] == inside["intent"]).mean() - (inside["intent_after"] == inside["intent"]).mean()
    refused = outside["intent_after"].isin(["nlu_fallback", data.OUT_OF_SCOPE])
    yield (
        "clinc150: out-of-scope recall",
        f"{percent(refused)}, {100 * loss:.1f} points lost in scope",
        "70%, 2 points",
    )


def speed(folder: Path, repeat: int) -> Iterator[Row]:
    """Training, evaluation and service, beside Rasa's own commands on the same rows."""
    ours, theirs = folder / "banking77", folder / "rasa"
    theirs.mkdir()
    (theirs / "config.yml").write_text(json.dumps(LOGISTIC))
    learn = data.write_rasa_yaml(data.public("banking77", "train"), theirs / "train.yml")
    ask = data.write_rasa_yaml(data.public("banking77", "test"), theirs / "test.yml")
    into = ["--config", theirs / "config.yml", "--nlu", learn, "--out", theirs, "--fixed-model-name", "model"]
    model = ["--model", theirs / "model.tar.gz", "--nlu", ask, "--no-plot", "--out", theirs / "results"]
    training = median(lambda: train(LEAN, ours / "train.jsonl", ours, linear(ours)), repeat)
    rasa_training = median(lambda: run(LEAN, "rasa", "train", "nlu", *into, cache=theirs), repeat)
    yield "training 10,003 messages, whole process", str(training), ""
    yield "… against Rasa's LogisticRegressionClassifier", against(training, rasa_training), "3 times as fast"
    predicting = median(lambda: evaluate(LEAN, ours / "test.jsonl", ours), repeat)
    rasa_predicting = median(lambda: run(LEAN, "rasa", "test", "nlu", *model, cache=theirs), repeat)
    summary = json.loads((ours / "summary.json").read_text())["model"]
    yield "evaluating 3,080 messages, whole process", str(predicting), ""
    yield "… against `rasa test nlu`", against(predicting, rasa_predicting), "5 times as fast"
    yield "… inside the model", f"{summary['rows'] / summary['seconds']:,.0f} messages a second", "thousands"
    yield "one message inside the model, p50", f"{summary['latency_p50_ms']:.2f} ms", "at most 2 ms"
    starts = [start_and_memory(ours / "model.tar.gz") for _ in range(repeat)]
    yield "server: start to ready", f"{np.median([s for s, _ in starts]):.1f} s", "at most 3 s"
    yield "server: memory", f"{np.median([m for _, m in starts]):.0f} MB", "at most 260 MB"


def context(folder: Path) -> Iterator[Row]:
    """What role and location are worth, with and without them in train and test."""
    learn, ask = data.synthetic()
    for blind, wanted in ((True, "at most 76%"), (False, "99%")):
        told = fit(
            *((without_context(f) if blind else f) for f in (learn, ask)), folder / f"synthetic-{blind}"
        )
        words = "text alone" if blind else "with role and location"
        yield f"synthetic set, {words}", percent(told["top"] == told["intent"]), wanted
    learn, ask = data.example()
    for blind, wanted in ((True, ""), (False, "95%")):
        told = fit(*((without_context(f) if blind else f) for f in (learn, ask)), folder / f"example-{blind}")
        groups = told[told["group"]]
        words = "text alone" if blind else "with role and location"
        yield f"example's context groups, {words}", percent(groups["top"] == groups["intent"]), wanted
    yield "example's holdout, all intents", percent(told["top"] == told["intent"]), ""


def dropout(folder: Path) -> Iterator[Row]:
    """Messages whose process does not depend on context, asked without any: what `context_dropout` is for."""
    learn, ask = data.example()
    plain = without_context(ask[~ask["group"]])
    for share in (0.0, 0.5):
        config = folder / f"dropout-{share}.yml"
        config.write_text(json.dumps({"pipeline": [{"name": CLASSIFIER, "context_dropout": share}]}))
        told = fit(learn, plain, folder / f"dropout-{share}", config)
        accuracy = percent(told["intent_after"] == told["intent"])
        yield f"example without context, `context_dropout: {share}`, after the fallback", accuracy, ""


def fit(learn: pd.DataFrame, ask: pd.DataFrame, folder: Path, config: Path | None = None) -> pd.DataFrame:
    """Train on one frame and predict the other; without a configuration with the linear classifier alone."""
    folder.mkdir()
    return fitted(LEAN, learn, ask, folder, config or linear(folder))[0]


def linear(folder: Path) -> Path:
    """A configuration without an encoder."""
    config = folder / "linear.yml"
    config.write_text(json.dumps({"pipeline": [{"name": CLASSIFIER}]}))
    return config


def without_context(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows without role and location."""
    return frame.drop(columns=data.CONTEXT)


def calibration_error(told: pd.DataFrame, bins: int = 15) -> float:
    """Expected calibration error: |accuracy - confidence| over equal bins of confidence, weighted by their rows."""
    right = told["top"] == told["intent"]
    bin_of = np.minimum((told["confidence"] * bins).astype(int), bins - 1)
    gaps = (right.groupby(bin_of).mean() - told["confidence"].groupby(bin_of).mean()).abs()
    return float((gaps * bin_of.value_counts(normalize=True).sort_index()).sum())


def percent(hits: pd.Series) -> str:
    """A share in percent."""
    return f"{100 * hits.mean():.1f}%"


def against(ours: Cost, theirs: Cost) -> str:
    """How many times as long the other takes, by the clock and in processor time."""
    return f"{theirs.wall / ours.wall:.1f} times as fast ({theirs}; processor time {theirs.cpu / ours.cpu:.1f} times)"


if __name__ == "__main__":
    typer.run(main)
