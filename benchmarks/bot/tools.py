"""Runs the bot's tools and Rasa's own commands, each as a whole process, and measures them."""

from __future__ import annotations

import json
import resource
import socket
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import psutil

from benchmarks.bot import data
from ratchet.adapters.settings import SOURCE, STATE_FOLDER
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import sha256

BOT = Path("bot")
LEAN = BOT / ".venv/bin/python"
SECONDS = 7200.0
ENCODERS = {"RATCHET_ENCODERS": str(SOURCE / STATE_FOLDER / "encoders")}


@dataclass(frozen=True)
class Cost:
    """Seconds of a process: by the clock, and of processor time (which other work on the machine hardly changes)."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s of processor)"


def median(run: Callable[[], Cost], times: int) -> Cost:
    """The median clock and processor time of a number of runs."""
    costs = [run() for _ in range(times)]
    return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))


def run(python: Path, tool: str, *arguments: str | Path, cache: Path) -> Cost:
    """Run a tool in the bot's folder, with a new cache of Rasa's so that nothing is reused."""
    words = [str(a.absolute()) if isinstance(a, Path) else a for a in arguments]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    env = {
        "RASA_CACHE_DIRECTORY": str(cache.absolute() / str(time.time_ns())),
        "RASA_TELEMETRY_ENABLED": "false",
        **ENCODERS,
        **({"RATCHET_VECTORS": str(SOURCE / STATE_FOLDER / "vectors")} if tool == "train" else {}),
    }
    commands.run(
        [python.absolute(), "-m", f"ratchet_bot.tools.{tool}", *words], cwd=BOT, env=env, timeout=SECONDS
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def train(python: Path, data: Path, folder: Path, config: Path | None = None) -> Cost:
    """Train on JSON Lines into folder/model.tar.gz and folder/train.json, without the example's domain."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[str | Path] = [
        "--data",
        data,
        "--out",
        folder / "model.tar.gz",
        "--report",
        folder / "train.json",
    ]
    files += ["--domain", folder / "none.yml", "--rules", folder / "none.yml", "--seed", "1"]
    files += ["--config", config] if config else []
    return run(python, "train", *files, cache=folder / "cache")


def evaluate(python: Path, data: Path, folder: Path) -> Cost:
    """Predict JSON Lines with the folder's model into folder/model.jsonl and folder/summary.json."""
    model = f"model={(folder / 'model.tar.gz').absolute()}"
    return run(python, "evaluate", "--model", model, "--data", data, "--out", folder, cache=folder / "cache")


def fitted(
    python: Path, learn: pd.DataFrame, ask: pd.DataFrame, folder: Path, config: Path
) -> tuple[pd.DataFrame, Cost]:
    """Train on one frame and predict the other; returns the predictions, and what the training took."""
    cost = train(python, data.write_json_lines(learn, folder / "train.jsonl"), folder, config)
    evaluate(python, data.write_json_lines(ask, folder / "test.jsonl"), folder)
    return predictions(ask, folder), cost


def predictions(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """The rows with `top` (the classifier's own choice), `intent_after` (after the fallback) and `confidence`."""
    said = pd.DataFrame(json.loads(line) for line in (folder / "model.jsonl").read_text().splitlines())
    return frame.reset_index(drop=True).assign(
        top=[ranking[0][0] for ranking in said["ranking"]],
        intent_after=said["intent"],
        confidence=said["confidence"],
    )


def start_and_memory(archive: Path) -> tuple[float, float]:
    """Seconds from the start of a server to its first answer, and its resident memory after one message in MB."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv: list[Any] = [
        LEAN.absolute(),
        "-m",
        "ratchet_bot.tools.serve",
        "--model",
        archive.absolute(),
        "--port",
        str(port),
    ]
    argv += ["--release", "benchmark", "--model-version", "0", "--sha256", sha256(archive)]
    started = time.perf_counter()
    server = commands.start(argv, cwd=BOT, env=ENCODERS, stdout=subprocess.DEVNULL)
    try:
        seconds = _await(f"http://127.0.0.1:{port}/status", started)
        body = {"sender": "benchmark", "message": "where is my card"}
        httpx.post(f"http://127.0.0.1:{port}/chat", json=body).raise_for_status()
        return seconds, psutil.Process(server.pid).memory_info().rss / 1e6
    finally:
        commands.stop(server)


def _await(url: str, started: float) -> float:
    while time.perf_counter() - started < 120:
        try:
            httpx.get(url).raise_for_status()
            return time.perf_counter() - started
        except httpx.TransportError:
            time.sleep(0.02)
    raise TimeoutError(url)
