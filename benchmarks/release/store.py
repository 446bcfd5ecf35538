"""What conversations in Redis cost: `.venv/bin/python benchmarks/release/store.py IMAGE`.

Two containers of one release image answer side by side, one with its conversations in Redis and one in memory, and
Locust measures both in the same seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import docker
import httpx
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ratchet.adapters.bot import channel
from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets import locust_load
from ratchet.domain.release.load_test import LoadFigures

NETWORK = "ratchet-store-benchmark"
PARAMS = "rollout: {load_test: {seconds: 20, users: 2, max_p95_ms: 5000}}"
MESSAGES = ["my card was stolen", "how do I get a laptop", "I want to change my pin", "thanks"]


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", help="an image that Ratchet released, for instance ratchet:latest")
    image = parser.parse_args().image
    client = docker.from_env()
    network = client.networks.create(NETWORK)
    running: list[Any] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = client.containers.run(
                "redis:7", ["--save", ""], detach=True, network=NETWORK, name=f"{NETWORK}-redis"
            )
            running.append(store)
            measure(client, image, f"redis://{NETWORK}-redis:6379/0", Path(folder), running)
    finally:
        for container in running:
            container.remove(force=True, v=True)
        network.remove()
    return 0


def measure(client: docker.DockerClient, image: str, store: str, folder: Path, running: list[Any]) -> None:
    """Start both servers, put them under load, and print what came out."""
    (folder / "bot").mkdir()
    (folder / "params.yaml").write_text(PARAMS)
    settings = load_settings(folder)
    token = channel.staging_token(settings)
    clients = folder / "clients.yml"
    clients.write_text(yaml.safe_dump([{"name": "web", "token": "0" * 32}]))
    for path in (token, clients):
        path.chmod(0o644)
    secrets = {
        str(clients): {"bind": "/run/secrets/ratchet_client_tokens", "mode": "ro"},
        str(token): {"bind": "/run/secrets/ratchet_staging_token", "mode": "ro"},
    }
    urls = []
    for environment in ({"RATCHET_REDIS_URL": store}, {}):
        server = client.containers.run(
            image,
            detach=True,
            network=NETWORK,
            volumes=secrets,
            environment={**environment, "RATCHET_RELEASE": "benchmark"},
            ports={"5005/tcp": ("127.0.0.1", None)},
        )
        running.append(server)
        server.reload()
        urls.append(f"http://127.0.0.1:{server.ports['5005/tcp'][0]['HostPort']}")
    for url in urls:
        await_ready(url)
    verdict = locust_load.run(settings, urls[0], urls[1], MESSAGES, folder / "run", lambda _: None)
    assert verdict is not None
    assert verdict.champion is not None
    print("| conversations | requests | failed | p50 | p95 |\n| --- | --- | --- | --- | --- |")
    row("in Redis", verdict.candidate)
    row("in memory", verdict.champion)


def row(name: str, seen: LoadFigures) -> None:
    """Print one row."""
    print(f"| {name} | {seen.requests:,} | {seen.errors:,} | {seen.p50_ms:.0f} ms | {seen.p95_ms:.0f} ms |")


def await_ready(url: str) -> None:
    """Wait until a server answers."""
    for _ in range(240):
        try:
            if httpx.get(f"{url}/status", trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise SystemExit(f"{url} did not start")


if __name__ == "__main__":
    raise SystemExit(main())
