"""A bot's server, and people who write to it as fast as it answers."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from ratchet.adapters.bot import rasa
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import sha256
from ratchet.adapters.system.processes import free_port

START_SECONDS = 60


class Server:
    """One server of the bot; it writes events where `events_url` is not empty."""

    def __init__(self, settings: Settings, archive: Path, events_url: str) -> None:
        self.port = free_port()
        argv = rasa.tool(settings, settings.bot, "serve", "--model", archive, "--port", str(self.port))
        argv += ["--release", "r1", "--model-version", "1", "--sha256", sha256(archive)]
        env = {**os.environ, **rasa.environment(settings.bot), "RATCHET_EVENTS_URL": events_url}
        self.process = subprocess.Popen(argv, cwd=settings.bot, env=env, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.status()
                return
            except httpx.HTTPError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.2)

    def status(self) -> dict[str, Any]:
        """What it says of itself."""
        found: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}/status", trust_env=False).json()
        return found

    def cpu(self) -> float:
        """Seconds of processor time that it has used, all threads together."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(30)


def throughput(server: Server, texts: list[str], users: int, seconds: float) -> tuple[float, float]:
    """Let users write without a pause; returns the answers in a second, and the server's milliseconds for each."""
    used = server.cpu()
    end = time.perf_counter() + seconds
    counts = [0] * users

    def user(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        place = number
        while time.perf_counter() < end:
            body = {"sender": f"{number}-{time.perf_counter_ns()}", "message": texts[place % len(texts)]}
            connection.request("POST", "/chat", json.dumps(body))
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            counts[number] += 1
            place += users
        connection.close()

    began = time.perf_counter()
    threads = [threading.Thread(target=user, args=(number,)) for number in range(users)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate = sum(counts) / (time.perf_counter() - began)
    return rate, 1000 * (server.cpu() - used) / sum(counts)
