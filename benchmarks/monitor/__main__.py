"""What conversation events cost a reply, and what the drift tests find: `python -m benchmarks.monitor [PART]`.

PART is `events` or `drift`; without one, both. A model of CLINC150 answers: 60 messages of each of its 150
intents to learn, the others are what people write.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.monitor.load import Server, throughput
from benchmarks.public import read
from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.scaffold import make_workspace
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.files import sha256
from ratchet.domain.operations import drift
from ratchet.domain.operations.drift import DriftPolicy, DriftState

LEARNT = 60
OUT_OF_SCOPE = "out_of_scope"
ROUNDS, ROUND_SECONDS, USERS = 20, 2.0, 4
WINDOWS, SHIFTS = 4000, 500
RESULTS = Path(__file__).with_name("results.json")


def main(part: str | None) -> None:
    """Measure, print, and keep the results."""
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    people = read("clinc150")[["text", "intent"]].replace({"intent": {"oos": OUT_OF_SCOPE}})
    people = people.drop_duplicates("text").sample(frac=1, random_state=1, ignore_index=True)
    with tempfile.TemporaryDirectory() as folder:
        make_workspace(Path(folder) / "bot", None)
        settings = load_settings(Path(folder) / "bot")
        learnt = people.groupby("intent").head(LEARNT)
        rows = learnt.assign(key=learnt.index.astype(str))
        trained = rasa.train(settings, rows, None, settings.state / "model", lambda line: None)
        said = people.drop(learnt.index)
        if part in (None, "events"):
            results["events"] = events(settings, trained.archive, said["text"].to_list())
        if part in (None, "drift"):
            results["drift"] = drifting(settings, trained.archive, said, learnt["text"].to_list())
    for name, found in results.items():
        print(name, json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def events(settings: Settings, archive: Path, texts: list[str]) -> dict[str, Any]:
    """Requests a second without events, with SQLite, and with Postgres where RATCHET_BENCHMARK_POSTGRES names one.

    The servers take turns for a few seconds each, so that what else the machine does hits all alike.
    """
    urls = {"without": "", "sqlite": f"sqlite:///{settings.state / 'events.db'}"}
    if postgres := os.environ.get("RATCHET_BENCHMARK_POSTGRES"):
        urls["postgres"] = postgres
    servers = {name: Server(settings, archive, url) for name, url in urls.items()}
    try:
        for server in servers.values():
            throughput(server, texts, USERS, ROUND_SECONDS)
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, server in servers.items():
                rounds[name].append(throughput(server, texts, USERS, ROUND_SECONDS))
        dropped = {name: server.status()["events"]["dropped"] for name, server in servers.items()}
    finally:
        for server in servers.values():
            server.stop()
    rates = {name: np.array(measured)[:, 0] for name, measured in rounds.items()}
    found = {}
    for name, measured in rounds.items():
        rate, cpu = np.median(np.array(measured), axis=0)
        found[name] = {
            "requests/s": round(float(rate), 1),
            "share of without": round(float(np.median(rates[name] / rates["without"])), 3),
            "CPU ms for a reply": round(float(cpu), 2),
            "dropped": dropped[name],
        }
    return found


def drifting(settings: Settings, archive: Path, said: pd.DataFrame, learnt: list[str]) -> dict[str, Any]:
    """False alarms on traffic that does not change, and what part of a shift is found, and when."""
    rows = said.assign(key=said.index.astype(str))
    live = archives.Archive(archive, sha256(archive))
    found, _ = rasa.evaluate(settings, {"live": live}, rows, settings.state / "out", lambda line: None)
    people = found["live"].assign(
        text=said["text"].to_list(), strange=(said["intent"] == OUT_OF_SCOPE).to_list()
    )
    vocabulary, policy = drift.words_of(learnt), DriftPolicy()
    meant = pieces(people[~people["strange"]], vocabulary)
    strange = pieces(people[people["strange"]], vocabulary)
    generator = np.random.default_rng(1)

    def window(share: float) -> drift.Window:
        odd = generator.binomial(policy.messages, share)
        parts = [
            part.iloc[generator.integers(len(part), size=size)]
            for part, size in ((meant, policy.messages - odd), (strange, odd))
        ]
        rows = pd.concat(parts)
        return drift.Window(
            policy.messages,
            tuple(rows["confidence"].round(4)),
            rows["intent"].value_counts().to_dict(),
            int(rows["unknown"].sum()),
        )

    began, state, alarms = time.perf_counter(), DriftState(), 0
    for _ in range(WINDOWS):
        state = drift.follow(state, window(0.05), policy)
        if state.drifting:
            alarms, state = alarms + 1, drift.accept(state)
    seconds = time.perf_counter() - began
    shifts = {f"5 to {100 * share:.0f}%": seen_after(window, share, policy) for share in (0.08, 0.10, 0.15)}
    return {
        "windows without a change": WINDOWS,
        "messages in them": WINDOWS * policy.messages,
        "false alarms": alarms,
        "seconds for a window": round(seconds / WINDOWS, 4),
        "share of shifts seen after 2, 4, 8 windows": shifts,
    }


def pieces(rows: pd.DataFrame, vocabulary: frozenset[str]) -> pd.DataFrame:
    """What the tests need of each message."""
    unknown = [drift.window(rows.iloc[[n]], vocabulary).unknown for n in range(len(rows))]
    return rows[["intent", "confidence"]].assign(unknown=unknown)


def seen_after(window: Any, share: float, policy: DriftPolicy) -> list[float]:
    """The share of shifts to `share` that were seen within two, four and eight windows."""
    after = []
    for _ in range(SHIFTS):
        state = DriftState()
        for _ in range(policy.windows):
            state = drift.follow(state, window(0.05), policy)
        number = 0
        while number < 8 and not state.drifting:
            number += 1
            state = drift.follow(state, window(share), policy)
        after.append(number if state.drifting else 99)
    return [round(float(np.mean(np.array(after) <= most)), 3) for most in (2, 4, 8)]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
