"""The monitor on a live bot: real Rasa, real messages over HTTP, and a webhook receiver that is told.

The tests of this file go through one life of one workspace, in their order. Each breaks one thing, looks, mends it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psutil
import pytest

from ratchet.adapters.bot import rasa, traffic
from ratchet.adapters.monitoring import monitor
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system import processes
from ratchet.adapters.system.processes import free_port, read_replica
from ratchet.adapters.targets.process import ProcessTarget
from tests.e2e.cli import RATCHET, ROOT, Ratchet
from tests.fakes.receiver import Receiver, receiving
from tests.workspaces import own_framework

pytestmark = [pytest.mark.e2e, pytest.mark.long]

WINDOW = 400
SLOW_SECONDS = 1.5
POLICY = f"""
monitor:
  # Short windows, so that the tests need not wait for minutes.
  window_minutes: 0.25
  min_requests: 5
  drift: {{messages: {WINDOW}}}
"""
THINGS = [
    "penguins",
    "volcanoes",
    "opera",
    "chess",
    "submarines",
    "glaciers",
    "jazz",
    "comets",
    "truffles",
    "windmills",
]
ASKED = ("tell me a joke about {}", "who invented {}", "do {} dream at night", "best recipe with {}")


class Place:
    """The workspace, its bot, and who is told."""

    def __init__(self, folder: Path, receiver: Receiver) -> None:
        self.folder = folder
        self.receiver = receiver
        self.ratchet = Ratchet(folder)
        self.slow = folder / "SLOW"
        self.random = random.Random(1)
        self.port = free_port()

    def make(self) -> None:
        """Make the workspace and its first release. Its bot is slow for as long as the file SLOW is there."""
        subprocess.run([RATCHET, "init", self.folder, "--example", "helpdesk"], check=True)
        env = {
            "RATCHET_PORT": self.port,
            "RATCHET_PREFECT_PORT": free_port(),
            "RATCHET_TARGET": "process",
            "RATCHET_ALERT_URLS": self.receiver.url,
        }
        (self.folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in env.items()))
        params = self.folder / "params.yaml"
        text = params.read_text().replace("    seconds: 8\n", "    seconds: 0\n")
        params.write_text(text[: text.index("\nmonitor:")] + POLICY)
        directory = own_framework(self.folder / "bot") / "channel" / "directory.py"
        lookup = "        return self._people.get(person, {})\n"
        code = directory.read_text()
        assert lookup in code
        wait = f"        if Path({str(self.slow)!r}).exists():\n            __import__('time').sleep({SLOW_SECONDS})\n"
        directory.write_text(code.replace(lookup, wait + lookup))
        for conversation in (self.folder / "bot" / "tests" / "conversations").glob("*.yml"):
            conversation.unlink()  # what the example answers is tested elsewhere
        self.ratchet("retrain")

    def looks(self, number: int = 1) -> list[tuple[str, str]]:
        """Look so often; returns what was told meanwhile."""
        from flows import monitor as flow

        before = len(self.receiver.told())
        for _ in range(number):
            flow.once(str(self.folder))
        return self.receiver.told()[before:]

    def until_over(self, kind: str, seconds: float = 60) -> list[tuple[str, str]]:
        """Look until an incident's end was told; returns everything that was told."""
        told: list[tuple[str, str]] = []
        deadline = time.monotonic() + seconds
        while ("end", kind) not in told:
            assert time.monotonic() < deadline, told
            told += self.looks()
            time.sleep(1)
        return told

    def say(self, texts: list[str]) -> None:
        """Let people write, each in a conversation of their own, a few at a time."""
        url, run = f"http://127.0.0.1:{self.port}/chat", self.random.random()
        with httpx.Client(trust_env=False, timeout=30) as client, ThreadPoolExecutor(4) as pool:

            def send(number: int) -> int:
                body = {"sender": f"{run}-{number}", "message": texts[number]}
                return client.post(url, json=body).status_code

            assert set(pool.map(send, range(len(texts)))) == {200}
        self.await_events()

    def await_events(self) -> None:
        """Wait until the bot has written what was said."""
        time.sleep(1.5)

    def messages(self, number: int, out_of_scope: float) -> list[str]:
        """Messages of the example's people, a share of which the bot is not meant for."""
        corpus = pd.read_csv(self.folder / "data" / "utterances.csv", dtype=str, keep_default_na=False)
        asked = corpus.loc[corpus["intent"] != "out_of_scope", "text"].to_list()
        strange = round(number * out_of_scope)
        texts = [self.random.choice(ASKED).format(self.random.choice(THINGS)) for _ in range(strange)]
        texts += self.random.choices(asked, k=number - strange)
        self.random.shuffle(texts)
        return texts

    def live(self) -> processes.Replica:
        """The process that serves."""
        found = read_replica(self.folder / ".ratchet" / "process" / "live.json")
        assert found is not None
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A workspace with a live bot."""
    if not (ROOT / "bot" / ".venv").exists():
        pytest.skip("the bot environment is missing: make setup")
    with receiving() as receiver:
        made = Place(tmp_path_factory.mktemp("monitor") / "helpdesk", receiver)
        made.make()
        yield made
        made.ratchet("stop")


def test_from_cron_without_any_service_and_all_is_well(place: Place) -> None:
    """`ratchet monitor --once` needs no Prefect server; a good fleet raises nothing."""
    prefect = read_replica(place.folder / ".ratchet" / "prefect" / "server.json")
    assert prefect is not None
    processes.terminate(prefect)
    place.say(place.messages(40, 0.05))
    assert "All is well" in place.ratchet("monitor", "--once")
    assert not processes.alive(prefect)
    assert place.looks(3) == []
    assert "1 address took the test" in place.ratchet("alerts", "test")
    assert place.receiver.told() == [("test", "alerts")]


def test_killing_the_only_replica_is_told_once_and_its_end_once(place: Place) -> None:
    """Although the supervisor has a new one up within seconds: a bot that was down, or a replica that was lost."""
    psutil.Process(place.live().pid).kill()
    began = place.looks(2)
    if not began:  # the second look fell into the start of the new one
        time.sleep(5)
        began = place.looks()
    [(event, kind)] = began
    assert event == "begin"
    assert kind in ("bot down", "replica down")
    assert place.until_over(kind) == [("end", kind)]
    assert place.looks(3) == []


def test_a_wrong_model_is_told(place: Place) -> None:
    """Somebody brings another model up by hand: the registry says what should serve."""
    settings = load_settings(place.folder)
    live, target = Registry(settings).live(), ProcessTarget(settings)
    assert live is not None
    corpus = pd.read_csv(place.folder / "data" / "utterances.csv", dtype=str, keep_default_na=False)
    rows = corpus.groupby("intent").head(5).assign(key=lambda frame: frame.index.astype(str))
    trained = rasa.train(settings, rows, None, place.folder / ".ratchet" / "by-hand", print)
    bundle = target.package(trained.archive, trained.sha256, {}, print)
    wrong = replace(live, bundle=bundle, model_id=trained.model_id, model_sha256=trained.sha256)
    target.stage(wrong, print)
    target.deploy(wrong, print)
    assert place.looks(2) == [("begin", "fleet mixed")]
    target.stage(live, print)
    target.deploy(live, print)
    assert place.until_over("fleet mixed") == [("end", "fleet mixed")]


def test_slow_replies_are_told(place: Place) -> None:
    """95 of 100 replies take longer than the limit, then no longer."""
    place.looks(3)
    place.slow.touch()
    place.say(place.messages(9, 0))
    assert place.looks(2) == [("begin", "latency")]
    place.slow.unlink()
    assert place.until_over("latency") == [("end", "latency")]


def test_more_messages_out_of_scope_are_drift(place: Place) -> None:
    """5 → 15%: told once, in the second window at the latest; over when people write as before."""
    place.say(place.messages(3 * WINDOW, 0.05))
    assert place.looks() == []
    told = []
    for _ in range(2):
        place.say(place.messages(WINDOW, 0.15))
        told += place.looks()
    assert told == [("begin", "drift")]
    told = []
    while not told:  # one window in thirty differs by chance, and is no end yet
        place.say(place.messages(WINDOW, 0.05))
        told += place.looks(2)
    assert told == [("end", "drift")]


def test_an_hour_of_unchanged_traffic_raises_nothing(place: Place) -> None:
    """The same people go on for an hour: 60 looks, 6,000 messages with what the live model says of them."""
    from tasks.monitoring.alert import alert
    from tasks.monitoring.assess import assess

    settings = load_settings(place.folder)
    said = traffic.since(settings, 0)
    usual = said[said["seconds"] < SLOW_SECONDS / 2].iloc[: 3 * WINDOW]
    told = len(place.receiver.told())
    start = time.time()
    with Events(place) as events:
        for minute in range(60):
            now = start + 60 * minute
            rows = usual.sample(100, replace=True, random_state=minute)
            events.write(rows.assign(at=now - 5, model_id=place_model(place)))
            seen = monitor.look(settings, monitor.recall(settings), now)
            alert.fn(settings, assess.fn(settings, seen))
    assert place.receiver.told()[told:] == []


def place_model(place: Place) -> str:
    """The id of the live model."""
    live = Registry(load_settings(place.folder)).live()
    assert live is not None
    return live.model_id


class Events:
    """Writes messages into the event database, as many at a time as wanted."""

    def __init__(self, place: Place) -> None:
        import sqlalchemy

        self.engine = sqlalchemy.create_engine(f"sqlite:///{traffic.file(load_settings(place.folder))}")

    def __enter__(self) -> Events:
        return self

    def write(self, rows: pd.DataFrame) -> None:
        """Append rows."""
        rows.drop(columns="id").to_sql("messages", self.engine, if_exists="append", index=False)

    def __exit__(self, *error: Any) -> None:
        self.engine.dispose()


def test_the_way_back_to_the_corpus(place: Place) -> None:
    """Harvest, label in the terminal, in two sittings, ingest: the messages are in the corpus, as production's."""
    path = place.ratchet.json("harvest")["file"]
    sample = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert not sample["text"].str.startswith("/").any()
    left = int((sample["intent"] == "").sum())
    assert left > 0
    assert (sample["known"] == "yes").any()  # the example's own messages need nobody
    first = label(place, path, "1\n" * (left // 2))
    assert 0 < first["left"] < left
    last = label(place, path, "1\n" * left)
    assert last["left"] == 0
    assert last["estimate"]["accuracy"] > 0.9  # as every answer was called right
    assert place.ratchet.json("estimate")[0]["labelled"] == last["estimate"]["labelled"]
    assert "Taken in" in place.ratchet("ingest", last["file"])
    corpus = pd.read_csv(place.folder / "data" / "utterances.csv", dtype=str, keep_default_na=False)
    assert (corpus["source"] == "production").sum() > 0
    assert "has" in place.ratchet("harvest", code=1)  # labels are not overwritten


def label(place: Place, path: str, keys: str) -> dict[str, Any]:
    """Label with these keys until they are used up."""
    argv = [str(RATCHET), "--workspace", str(place.folder), "label", path, "--json"]
    done = subprocess.run(argv, input=keys, capture_output=True, text=True, timeout=120, check=True)
    return dict(json.loads(done.stdout[done.stdout.rindex("\n{") :]))


def test_a_killed_monitor_repeats_nothing(place: Place) -> None:
    """SIGKILL at any moment of a look during an incident: one begin, one end."""
    told = len(place.receiver.told())
    place.ratchet("stop")
    argv = [
        sys.executable,
        "-c",
        f"from flows.monitor import once; [once({str(place.folder)!r}) for _ in range(9)]",
    ]
    for wait in (2.5, 3.5, 5):
        process = subprocess.Popen(argv, cwd=ROOT, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        process.kill()
        process.wait()
    place.looks(2)
    place.ratchet("retrain")
    place.until_over("bot down")
    kinds = ("bot down", "replica down")
    about = [one for one in place.receiver.told()[told:] if one[1] in kinds]  # a harvest failed before, too
    assert about == [("begin", "bot down"), ("end", "bot down")]
