"""Eight weeks from production back to the corpus: `python -m benchmarks.harvest`, about four minutes.

CLINC150 plays the people: 150 intents, and 15% of what they write is nothing that the bot is meant for. The bot
begins with twelve messages of each intent. Each week 900 messages that it has never seen are answered, 200 of them
are drawn by `domain.operations.sampling` and labelled from the data's own labels, and the corpus with these is
trained on. Every model, ledger and verdict is Ratchet's own; no row is answered twice.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.harvest.plot import draw as plot
from benchmarks.public import read
from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.scaffold import make_workspace
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import sha256
from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.corpus import keys, normalised
from ratchet.domain.gate import ramp, verdict
from ratchet.domain.gate.evaluation import correctness, evaluate
from ratchet.domain.gate.verdict import Decision, TrainingFacts
from ratchet.domain.operations import sampling

WEEKS, MESSAGES, LABELS = 8, 900, 200
FIRST_EACH, FIRST_STRANGE = 12, 60
STRANGE_SHARE = 0.15
OUT_OF_SCOPE = "out_of_scope"
START = date(2026, 1, 5)
RESULTS = Path(__file__).with_name("results.json")
PLOT = Path(__file__).parents[2] / "docs" / "images" / "harvest.svg"


@dataclass(frozen=True)
class Week:
    """A week's figures; shares in [0, 1]. `frozen` is what the first model would have done."""

    week: int
    truth: float
    frozen: float
    estimate: float
    low: float
    high: float
    labels: int
    holdout: float
    training_rows: int
    decision: str

    @property
    def covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low <= self.truth <= self.high


class Simulation:
    """The workspace, its corpus and ledger, and the models."""

    def __init__(self, settings: Settings, people: pd.DataFrame) -> None:
        self.settings = settings
        self.people = people
        self.params = settings.params
        self.corpus = people.head(0)
        self.ledger = ledger.empty()
        self.history: list[ramp.RampPoint] = []

    def take(self, rows: pd.DataFrame, day: date) -> None:
        """Take labelled messages into the corpus, through the ledger."""
        self.corpus = pd.concat([self.corpus, rows], ignore_index=True)
        self.corpus = self.corpus.drop_duplicates(["text"], ignore_index=True)
        self.ledger = ledger.assign(self.corpus, self.ledger, self.params.split, day.isoformat())

    def train(self, name: str) -> Path:
        """Train on the training side and return the archive."""
        rows = ledger.split(self.corpus, self.ledger, self.params.split).train
        folder = self.settings.state / "models" / name
        return rasa.train(self.settings, rows, None, folder, lambda line: None).archive

    def predict(self, models: Mapping[str, Path], rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Let models predict rows."""
        keyed = rows.assign(key=keys(normalised(rows["text"]), self.params.split.salt))
        folder = self.settings.state / "predictions"
        named = {name: archives.Archive(path, sha256(path)) for name, path in models.items()}
        found, _ = rasa.evaluate(self.settings, named, keyed, folder, lambda line: None)
        return found

    def judge(
        self, candidate: Path, champion: Path, before: TrainingFacts, day: date
    ) -> tuple[Decision, float]:
        """Return the gate's verdict and the accuracy on the holdout of whichever model serves afterwards."""
        sides = ledger.split(self.corpus, self.ledger, self.params.split)
        found = self.predict({"candidate": candidate, "champion": champion}, sides.holdout)
        scores = {name: evaluate(sides.holdout, table, context=()) for name, table in found.items()}
        facts = TrainingFacts(dict(Counter(sides.train["intent"])), day.isoformat())
        standing = ramp.status(
            self.params.ramp, self.history, day, scores["candidate"], facts.rows > before.rows
        )
        judged = verdict.judge(
            sides.holdout,
            found["candidate"],
            found["champion"],
            trained=facts,
            champion_trained=before,
            ramp=standing,
            policy=self.params.gate,
        )
        live = "candidate" if judged.decision is Decision.PROMOTE else "champion"
        return judged.decision, scores[live].accuracy

    def facts(self, day: date) -> TrainingFacts:
        """What the corpus of now trains a model on."""
        rows = ledger.split(self.corpus, self.ledger, self.params.split).train
        return TrainingFacts(dict(Counter(rows["intent"])), day.isoformat())


def main() -> None:
    """Play the weeks, print them, and write results and plot."""
    people = read("clinc150")[["text", "intent"]].replace({"intent": {"oos": OUT_OF_SCOPE}})
    people = people.assign(source="clinc150").drop_duplicates("text")
    people = people.sample(frac=1, random_state=1, ignore_index=True)
    with tempfile.TemporaryDirectory() as folder:
        make_workspace(Path(folder) / "bot", None)
        weeks = play(Simulation(load_settings(Path(folder) / "bot"), people))
    table = pd.DataFrame([asdict(week) | {"covered": week.covered} for week in weeks])
    print(table.round(4).to_string(index=False))
    RESULTS.write_text(json.dumps([asdict(week) for week in weeks], indent=1) + "\n")
    plot(table, PLOT)


def play(bot: Simulation) -> list[Week]:
    """Play eight weeks."""
    strange = bot.people["intent"] == OUT_OF_SCOPE
    first = bot.people[~strange].groupby("intent").head(FIRST_EACH).index
    first = first.union(bot.people[strange].head(FIRST_STRANGE).index)
    bot.take(bot.people.loc[first], START)
    unseen, generator = bot.people.drop(first), np.random.default_rng(1)
    frozen = champion = bot.train("first")
    before, weeks = bot.facts(START), []
    sides = ledger.split(bot.corpus, bot.ledger, bot.params.split)
    holdout = evaluate(sides.holdout, bot.predict({"m": champion}, sides.holdout)["m"], context=()).accuracy
    for number in range(1, WEEKS + 1):
        day = START + timedelta(weeks=number)
        said = write(unseen, generator)
        unseen = unseen.drop(said.index)
        answers = bot.predict({"live": champion, "first": frozen}, said)
        truth, cold = (float(correctness(said, answers[name]).mean()) for name in ("live", "first"))
        labelled, estimate = harvest(said, answers["live"], f"week {number}")
        bot.take(labelled, day)
        candidate = bot.train(f"week{number}")
        trained = bot.facts(day)
        decision, score = bot.judge(candidate, champion, before, day)
        weeks.append(
            Week(
                number,
                truth,
                cold,
                estimate.accuracy,
                *estimate.interval,
                estimate.labelled,
                holdout,
                before.rows,
                decision.value,
            )
        )
        print(weeks[-1], flush=True)
        if decision is Decision.PROMOTE:
            champion, before = candidate, trained
        holdout = score
    return weeks


def write(unseen: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Let people write a week's messages: some processes are asked for more often than others."""
    strange = unseen["intent"] == OUT_OF_SCOPE
    rank = unseen["intent"].map({name: n for n, name in enumerate(sorted(unseen["intent"].unique()))})
    chances = np.where(strange, 0, (1 + rank.to_numpy()) ** -0.3)
    number = round(MESSAGES * (1 - STRANGE_SHARE))
    meant = generator.choice(len(unseen), number, replace=False, p=chances / chances.sum())
    rest = generator.choice(np.flatnonzero(strange), MESSAGES - number, replace=False)
    return unseen.iloc[generator.permutation(np.concatenate([meant, rest]))]


def harvest(said: pd.DataFrame, answers: pd.DataFrame, name: str) -> tuple[pd.DataFrame, sampling.Estimate]:
    """Draw a sample of the week, label it, and estimate the accuracy from it."""
    recorded = pd.DataFrame(
        {
            "text": said["text"].to_list(),
            "context": "{}",
            "intent": answers["intent"].to_list(),
            "confidence": answers["confidence"].to_list(),
            "ranking": [json.dumps(ranking) for ranking in answers["ranking"]],
            "failed": False,
        }
    )
    messages = sampling.eligible(recorded, OUT_OF_SCOPE)
    truth = dict(zip(normalised(said["text"]), said["intent"], strict=True))
    sample = sampling.draw(messages, LABELS, name)
    sample = sample.assign(intent=sample["form"].map(truth).fillna(""), source=sampling.SOURCE)
    sizes = messages["stratum"].value_counts().sort_index().to_list()
    estimate = sampling.estimate(sizes, sample, name)
    assert estimate is not None
    return sample.loc[sample["intent"] != "", ["text", "intent", "source"]], estimate


if __name__ == "__main__":
    main()
