"""Ten weeks of growth under three ways of splitting: what of the holdout had been trained on?

Run `python -m benchmarks.leakage`. Each week a tenth more of a public set's rows are known, in a seeded random
order. The ledger of Ratchet, a seeded random split of each week's rows, and Rasa's own splitter (the real one,
in the bot's environment) divide them. The ledger also divides a set in which a third of the intents was written from
templates, whose messages are all near-duplicates of each other. Writes `results.json` and `leakage.png` beside this
file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks import public
from ratchet.adapters.bot import rasa
from ratchet.adapters.system import commands
from ratchet.domain.corpus import coverage, ledger
from ratchet.domain.corpus.corpus import keys as keys_of
from ratchet.domain.corpus.corpus import normalised
from ratchet.domain.corpus.ledger import Side, SplitPolicy
from ratchet.domain.corpus.neighbours import Texts, near_pairs

HERE = Path(__file__).parent
WEEKS = 10
START = 0.1
SEED = 1
POLICY = SplitPolicy(salt="benchmark")
BOT = public.ROOT / "bot"
TEMPLATED_SET, TEMPLATED_SHARE = "banking77, a third of the intents templated", 1 / 3
COLUMNS = (
    "set",
    "split",
    "seen in an earlier training",
    "test → train",
    "near-duplicates across",
    "lost",
    "share",
    "intents never trained, all weeks",
    "intents unjudged, last week",
)

Sides = pd.Series
"""The side of each row of a week, by the row's number in the whole set."""


def weeks(corpus: pd.DataFrame) -> list[pd.DataFrame]:
    """The rows known in each week."""
    mixed = corpus.sample(frac=1, random_state=SEED)
    sizes = np.linspace(START, 1, WEEKS) * len(corpus)
    return [mixed[: int(size)].sort_index() for size in sizes]


def templated(corpus: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
    """The set with the messages of a third of its intents written from one template each, and these intents."""
    names = sorted(corpus["intent"].unique())
    chosen = set(pd.Series(names).sample(round(TEMPLATED_SHARE * len(names)), random_state=SEED))
    texts = corpus["text"].copy()
    for intent in sorted(chosen):
        rows = corpus.index[corpus["intent"] == intent]
        template = max(corpus.loc[rows, "text"], key=len)[:120]
        texts[rows] = [f"{template} {number}" for number in range(len(rows))]
    return corpus.assign(text=texts), chosen


def by_ledger(known: list[pd.DataFrame]) -> list[Sides]:
    """Ratchet's ledger, grown week by week."""
    book, found = ledger.empty(), []
    for rows in known:
        book = ledger.assign(rows.reset_index(drop=True), book, POLICY, "2026-01-01")
        keys = keys_of(normalised(rows["text"]), POLICY.salt)
        found.append(pd.Series(keys, index=rows.index).map(book.set_index("key")["side"]))
    return found


def by_seed(known: list[pd.DataFrame]) -> list[Sides]:
    """A random split of each week's rows with the same seed, stratified by intent."""
    found = []
    for rows in known:
        _, test = train_test_split(
            rows.index, test_size=POLICY.test_share, random_state=SEED, stratify=rows["intent"]
        )
        found.append(sides(rows, test))
    return found


def by_rasa(known: list[pd.DataFrame]) -> list[Sides]:
    """Rasa's splitter with the same seed each week."""
    found = []
    for rows in known:
        given = {"texts": rows["text"].tolist(), "intents": rows["intent"].tolist()}
        file = HERE / "week.json"
        file.write_text(json.dumps({**given, "seed": SEED, "share": POLICY.test_share}))
        argv = [BOT / ".venv/bin/python", HERE / "rasa_split.py", file]
        done = commands.run(argv, cwd=BOT, env=rasa.environment(BOT))
        file.unlink()
        found.append(sides(rows, rows.index[json.loads(done.output.splitlines()[-1])]))
    return found


def sides(rows: pd.DataFrame, test: Any) -> Sides:
    """Sides from the rows of the test side."""
    return pd.Series(np.where(rows.index.isin(test), Side.TEST, Side.TRAIN), index=rows.index)


def measure(corpus: pd.DataFrame, found: list[Sides], from_template: Collection[str] = ()) -> dict[str, Any]:
    """Count what leaked, and which intents lack a side; shares of rows in percent, over intents without template."""
    forms = pd.Series(normalised(corpus["text"]), index=corpus.index)
    seen: set[str] = set()
    tested: set[str] = set()
    crossed, untrained, trained = 0, 0, []
    for week in found:
        untrained += len(coverage.cover(corpus["intent"][week.index], week).untrained)
        train, test = (set(forms[week.index[week == side]]) for side in (Side.TRAIN, Side.TEST))
        trained.append(100 * len(test & seen) / len(test))
        crossed += len(train & tested)
        seen |= train
        tested = test
    last = found[-1]
    train, test = (forms[last.index[last == side]] for side in (Side.TRAIN, Side.TEST))
    share = last[last != Side.QUARANTINE].eq(Side.TEST).groupby(corpus["intent"]).mean()
    share = share[~share.index.isin(list(from_template))]
    return {
        "trained_by_week": trained,
        "crossed_test_to_train": crossed,
        "near_duplicates_across": near(test, train),
        "holdout": len(test),
        "lost_percent": 100 * float((last == Side.QUARANTINE).mean()),
        "share_low": float(100 * share.min()),
        "share_high": float(100 * share.max()),
        "untrained": untrained,
        "unjudged": len(coverage.cover(corpus["intent"][last.index], last).unjudged),
    }


def near(test: pd.Series, train: pd.Series) -> int:
    """Test rows that have a near-duplicate, or their very text, in train."""
    one, other = Texts(test.tolist()), Texts(train.tolist())
    touched = np.zeros(len(test), dtype=bool)
    for here, _ in near_pairs(one, other, POLICY.near_duplicate):
        touched[here] = True
    return int(touched.sum())


def plot(results: dict[str, dict[str, Any]], file: Path) -> None:
    """Draw, for each set, the share of holdout rows that an earlier training had seen."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(results), figsize=(10, 4), sharey=True, layout="constrained")
    for axis, (name, methods) in zip(axes, results.items(), strict=True):
        for method, one in methods.items():
            axis.plot(range(1, WEEKS + 1), one["trained_by_week"], marker="o", label=method)
        axis.set(title=name, xlabel="week", ylim=(-3, 103))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("holdout rows seen in an earlier training, %")
    axes[0].legend()
    figure.savefig(file, dpi=120)


def main() -> None:
    """Replay, print the table, and keep results and plot."""
    methods: dict[str, Callable[[list[pd.DataFrame]], list[Sides]]] = {
        "ledger": by_ledger,
        "seeded random": by_seed,
    }
    if (BOT / ".venv").exists():
        methods["Rasa's splitter"] = by_rasa
    results: dict[str, dict[str, Any]] = {}
    print(f"| {' | '.join(COLUMNS)} |\n| {' | '.join('---' for _ in COLUMNS)} |")
    for name in ("banking77", "clinc150"):
        corpus = public.read(name)
        known = weeks(corpus)
        results[name] = {}
        for method, divide in methods.items():
            results[name][method] = measure(corpus, divide(known))
            print(line(name, method, results[name][method]))
    plot(results, HERE / "leakage.png")
    corpus, chosen = templated(public.read("banking77"))
    one = measure(corpus, by_ledger(weeks(corpus)), chosen)
    results[TEMPLATED_SET] = {"ledger": one}
    print(line(TEMPLATED_SET, "ledger", one))
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")


def line(name: str, method: str, one: dict[str, Any]) -> str:
    """A line of the table."""
    return (
        f"| {name} | {method} | {one['trained_by_week'][-1]:.0f}% | {one['crossed_test_to_train']:,}"
        f" | {one['near_duplicates_across']:,} of {one['holdout']:,} | {one['lost_percent']:.2f}%"
        f" | {one['share_low']:.0f}–{one['share_high']:.0f}% | {one['untrained']} | {one['unjudged']} |"
    )


if __name__ == "__main__":
    main()
