"""What the sentence encoder brings: a section of the table of `benchmarks.bot`, each line beside its bound.

The encoder is that of this checkout (`ratchet encoder fetch`). Vectors are kept in RATCHET_BENCHMARK_VECTORS, by
default `.ratchet/vectors`, so that each set is encoded once, however often and in whatever pieces this runs.
"""

from __future__ import annotations

import json
import os
import random
import string
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.bot import data
from benchmarks.bot.tools import LEAN
from ratchet.adapters.bot import encoders
from ratchet.adapters.settings import SOURCE, STATE_FOLDER
from ratchet.domain.gate.suspects import suspects

Row = tuple[str, str, str]
STATE = SOURCE / STATE_FOLDER
VECTORS = Path(os.environ.get("RATCHET_BENCHMARK_VECTORS") or STATE / "vectors")
DRAWS = 5
WRONG = 0.05
RATIO = 0.1
SIZES = (12_500, 25_000, 50_000, 100_000)
LINEAR = ""
GERMAN = Path(__file__).with_name("german.csv")


def english(name: str = "english") -> str:
    """The folder of the English encoder, or of another of Ratchet's; ends where it is not there."""
    ours = encoders.shipped(name)
    folder = STATE / "encoders" / ours.digest[:32] if ours else STATE
    if not (folder / encoders.DESCRIPTION).is_file():
        raise SystemExit(
            f"The encoder {name} is not here: `ratchet encoder fetch`, with it in bot/config.yml."
        )
    return str(folder)


def answers(
    learn: pd.DataFrame, ask: pd.DataFrame, folder: Path, encoder: str
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Train and ask; return the rows with `top`, `confidence`, `believed` and `ranking`, and the cost."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [
        data.write_json_lines(one, folder / f"{name}.jsonl") for name, one in (("learn", learn), ("ask", ask))
    ]
    out = folder / "out.jsonl"
    script = Path(__file__).with_name("model.py")
    argv = [str(LEAN), str(script), *map(str, files), str(out), encoder, str(VECTORS)]
    subprocess.run(
        argv, check=True, env={**os.environ, "PYTHONPATH": "ratchet_bot/src", "PYTHONWARNINGS": "ignore"}
    )
    said = pd.DataFrame(json.loads(line) for line in out.read_text().splitlines())
    told = ask.reset_index(drop=True).assign(
        top=[ranking[0][0] for ranking in said["ranking"]],
        confidence=[ranking[0][1] for ranking in said["ranking"]],
        believed=said["believed"],
        ranking=said["ranking"],
    )
    return told, json.loads(Path(f"{out}.json").read_text())


def right(told: pd.DataFrame) -> pd.Series:
    """Whether the likeliest intent is the right one."""
    return told["top"] == told["intent"]


def few(frame: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """How many messages of each intent, drawn; those out of scope are left out."""
    inside = frame[frame["intent"] != data.OUT_OF_SCOPE]
    draw = inside.sample(frac=1, random_state=seed).groupby("intent").head(count)
    return draw.reset_index(drop=True)


def few_shot(folder: Path) -> Iterator[Row]:
    """Few messages an intent: means of draws, with the encoder and without."""
    for name, count, wanted in (("banking77", 5, 78), ("banking77", 10, 85), ("clinc150", 10, 91)):
        learn, ask = data.public(name, "train"), data.public(name, "test")
        ask = ask[ask["intent"] != data.OUT_OF_SCOPE]
        both = []
        for encoder in (english(), LINEAR):
            each = [
                right(answers(few(learn, count, seed), ask, folder / f"{name}-{count}", encoder)[0]).mean()
                for seed in range(DRAWS)
            ]
            both.append(spread(each))
        yield (
            f"{name}: {count} messages an intent, mean of {DRAWS} draws",
            f"{both[0]}; linear {both[1]}",
            f"{wanted}%",
        )


def spread(shares: Sequence[float]) -> str:
    """Say the mean of shares, the least and the greatest, in percent."""
    return f"{100 * np.mean(shares):.1f}% ({100 * min(shares):.1f} to {100 * max(shares):.1f})"


def official(folder: Path, calibration: Callable[[pd.DataFrame], float]) -> Iterator[Row]:
    """The official splits: accuracy, calibration, scope."""
    for name, wanted in (("banking77", "94.0%"), ("clinc150", "95.8%")):
        for what, encoder in (("", english()), ("linear: ", LINEAR)):
            told, cost = answers(
                data.public(name, "train"), data.public(name, "test"), folder / name, encoder
            )
            inside = told[told["intent"] != data.OUT_OF_SCOPE]
            yield (
                f"{what}{name}: accuracy in scope",
                f"{100 * right(inside).mean():.1f}%",
                "" if what else wanted,
            )
            yield (
                f"{what}{name}: calibration error",
                f"{calibration(inside):.3f}",
                "" if what else "at most 0.03",
            )
            yield f"{what}{name}: training, processor time", f"{cost['seconds']:.1f} s", ""
            if len(told) > len(inside):
                outside = told[told["intent"] == data.OUT_OF_SCOPE]
                found = (~outside["believed"] | (outside["top"] == data.OUT_OF_SCOPE)).mean()
                lost = (right(inside) & ~inside["believed"]).mean()
                said = f"{100 * found:.1f}% for {100 * lost:.1f} points in scope"
                yield f"{what}{name}: out-of-scope recall", said, "" if what else "86% for 2 points"


def german(folder: Path) -> Iterator[Row]:
    """German messages that were written before anything was trained on them, 10 of 20 an intent learnt."""
    frame = pd.read_csv(GERMAN, dtype=str)
    told: dict[str, list[np.ndarray]] = {}
    for seed in range(DRAWS):
        learn = few(frame, 10, seed)
        ask = frame[~frame["text"].isin(learn["text"])]
        for name in ("multilingual", "english", LINEAR):
            encoder = english(name) if name else LINEAR
            told.setdefault(name, []).append(
                right(answers(learn, ask, folder / "german", encoder)[0]).to_numpy()
            )
    shares = ", ".join(f"{name or 'linear'} {100 * np.mean(hits):.1f} %" for name, hits in told.items())
    yield f"german: 10 messages an intent, mean of {DRAWS} draws", shares, ""
    generator = np.random.default_rng(1)
    for draw, (new, old) in enumerate(zip(told["multilingual"], told[LINEAR], strict=True), 1):
        paired = new.astype(float) - old
        low, high = np.quantile(generator.choice(paired, (10_000, len(paired))).mean(axis=1), (0.025, 0.975))
        said = f"{100 * paired.mean():.1f} points ({100 * low:.1f} to {100 * high:.1f})"
        yield f"… multilingual less linear, draw {draw}", said, "lower bound above 5 points"


def example(folder: Path) -> Iterator[Row]:
    """The example's holdout."""
    learn, ask = data.example()
    for what, encoder in (("", english()), ("linear: ", LINEAR)):
        told, _ = answers(learn, ask, folder / "example", encoder)
        groups = told[told["group"]]
        yield f"{what}example's holdout, all", f"{100 * right(told).mean():.1f}%", "" if what else "95.5%"
        yield f"{what}… of it the context groups", f"{100 * right(groups).mean():.1f}%", ""


def typing(folder: Path) -> Iterator[Row]:
    """One typing error in each message of BANKING77's test: a letter left out, doubled, swapped or another one."""
    learn, ask = data.public("banking77", "train"), data.public("banking77", "test")
    generator = random.Random(1)
    typed = ask.assign(text=[mistyped(text, generator) for text in ask["text"]])
    for what, encoder in (("", english()), ("linear: ", LINEAR)):
        told, _ = answers(learn, pd.concat([ask, typed]), folder / "typing", encoder)
        plain, wrong = right(told[: len(ask)]).mean(), right(told[len(ask) :]).mean()
        said = f"{100 * (plain - wrong):.1f} points ({100 * plain:.1f} to {100 * wrong:.1f}%)"
        yield (
            f"{what}banking77: lost by a typing error in each message",
            said,
            "" if what else "at most 8 points",
        )


def mistyped(text: str, generator: random.Random) -> str:
    """A text with one letter of it mistyped."""
    places = [i for i, character in enumerate(text) if character.isalpha()]
    if not places:
        return text
    at, kind = generator.choice(places), generator.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + generator.choice(string.ascii_lowercase) + text[at + 1 :]


def labels(folder: Path) -> Iterator[Row]:
    """Seeded wrong labels in training and test rows of BANKING77: which of those in the test are suspected."""
    learn, ask = (
        spoilt(data.public("banking77", split), seed) for split, seed in (("train", 1), ("test", 2))
    )
    for what, encoder in (("", english()), ("linear: ", LINEAR)):
        told, _ = answers(learn.drop(columns="wrong"), ask, folder / "labels", encoder)
        found = {one.text for one in suspects(told, told, RATIO)}
        hits = told["text"].isin(found)
        precision, recall = told["wrong"][hits].mean(), hits[told["wrong"]].mean()
        said = f"precision {100 * precision:.0f}%, recall {100 * recall:.0f}% ({hits.sum()} suspected)"
        yield f"{what}banking77: 5% wrong labels", said, ""


def spoilt(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows with a share of wrong labels, of any other intent; `wrong` marks them."""
    generator = np.random.default_rng(seed)
    intents = sorted(frame["intent"].unique())
    wrong = generator.random(len(frame)) < WRONG
    others = [generator.choice([one for one in intents if one != given]) for given in frame["intent"]]
    return frame.assign(intent=frame["intent"].mask(wrong, pd.Series(others, index=frame.index)), wrong=wrong)


def growth(folder: Path) -> Iterator[Row]:
    """Training on ever more messages of CLINC150's intents with words of their own; the vectors cost nothing."""
    base = data.public("clinc150", "train")
    for size in SIZES:
        rows = base.iloc[np.arange(size) % len(base)].reset_index(drop=True)
        rows = rows.assign(
            text=[f"{text} {i % 977} x{i // len(base)}" for i, text in enumerate(rows["text"])]
        )
        _, cost = answers(rows, rows[:10], folder / "growth", "random:384")
        said = f"{cost['seconds']:.0f} s of processor, {cost['memory']:,.0f} MB"
        yield (
            f"training on {size:,} messages, encoding apart",
            said,
            "linear; 4,000 MB" if size == SIZES[-1] else "",
        )
