"""A team with a small bot and three weeks behind it: one released, one rejected, one released."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import yaml

from ratchet.adapters.corpus import dvc
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.processes import free_port
from ratchet.domain.operations.triggers import Event
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from tests.e2e.cli import RATCHET, ROOT, Ratchet

FIRST_INTENTS = (
    "it_outage",
    "report_phishing",
    "reset_password",
    "book_travel",
    "printer_problem",
    "book_desk",
)
NEW_INTENT = "register_visitor"
SPOILT, MISTAKEN = "report_phishing", "it_outage"
WEEK = 45
"""Messages of each intent that a week brings."""
LFS_POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"
    "size 182340512\n"
)
"""What Git LFS leaves where it did not fetch a model of 182 MB."""


SALT = "museum"
"""Which messages are held out follows from it: the verdicts of the history below are the same in each run."""


class Team:
    """The team's workspace, its live bot, and what it looks like from outside."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.ratchet = Ratchet(workspace)
        self.port = free_port()
        self.commits: list[str] = []
        self.summaries: list[dict[str, Any]] = []

    # How it came to be

    def make(self) -> None:
        """Week 1 is released; in week 2 somebody confuses two intents, and it is rejected; week 3 is released."""
        subprocess.run([RATCHET, "init", self.workspace], check=True, stdout=subprocess.DEVNULL)
        env = {"PORT": self.port, "PREFECT_PORT": free_port(), "TARGET": "process"}
        (self.workspace / ".env").write_text(
            "".join(f"RATCHET_{name}={value}\n" for name, value in env.items())
        )
        self.change("params.yaml", r"^    seconds: 8$", "    seconds: 0")
        self.change("params.yaml", r"^  salt: .*$", f"  salt: {SALT}")
        with (self.workspace / "bot" / "domain.yml").open("a", encoding="utf-8") as domain:
            for intent in (*FIRST_INTENTS, NEW_INTENT):
                domain.write(f'\n  utter_{intent}:\n  - text: "Let us {intent.replace("_", " ")}."\n')
        self.git("branch", "-M", "main")
        self.commit("The bot")
        self.commits.append(self.ingest(messages(FIRST_INTENTS, 0)))
        self.retrain("released")
        self.confuse()
        self.retrain("rejected")
        self.go_to("main")
        self.commits.append(self.ingest(pd.concat([messages(FIRST_INTENTS, 1), messages([NEW_INTENT], 0)])))
        self.retrain("released", "--explain")
        self.head, self.release = self.git("rev-parse", "HEAD"), self.live().id

    def retrain(self, outcome: str, *options: str) -> None:
        """Retrain and keep the summary."""
        with self.wiretap():
            summary = self.ratchet.json("retrain", *options)
        assert summary["outcome"] == outcome, summary
        self.summaries.append(summary)

    @contextlib.contextmanager
    def wiretap(self) -> Iterator[None]:
        """Keep the file of every training that begins meanwhile: Ratchet deletes it once the model is stored."""
        done, kept = threading.Event(), self.workspace.parent / "trained"
        kept.mkdir(exist_ok=True)

        def listen() -> None:
            while not done.wait(0.1):
                for file in (self.workspace / ".ratchet" / "candidates").glob("*/train.jsonl"):
                    with contextlib.suppress(FileExistsError):
                        os.link(file, kept / f"{file.parent.name}.jsonl")

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield
        finally:
            done.set()
            listener.join()

    def ingest(self, rows: pd.DataFrame, *options: str) -> str:
        """Take messages in and commit; returns the commit."""
        file = self.workspace.parent / "new.csv"
        rows.to_csv(file, index=False)
        self.ratchet("ingest", file, "--commit", *options)
        return self.git("rev-parse", "HEAD")

    def confuse(self) -> None:
        """Give half of one intent's messages another intent, as a colleague did on a Friday afternoon."""
        path = self.workspace / "data" / "utterances.csv"
        corpus = pd.read_csv(path, dtype=str, keep_default_na=False)
        wrong = corpus[corpus["intent"] == SPOILT].sample(frac=0.5, random_state=1).index
        corpus.loc[wrong, "intent"] = MISTAKEN
        corpus.to_csv(path, index=False)
        self.ratchet("ingest")

    # What an exhibit changes, and how all is well again

    def change(self, path: str, pattern: str, line: str) -> None:
        """Change the first line of a file that matches."""
        file = self.workspace / path
        text, count = re.subn(pattern, line, file.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        file.write_text(text, encoding="utf-8")

    def git(self, *words: str | Path, cwd: Path | None = None) -> str:
        """Run a Git command in the workspace, or elsewhere, as a member of the team."""
        argv = ["git", "-c", "user.name=Ana", "-c", "user.email=ana@localhost", *map(str, words)]
        done = subprocess.run(
            argv, cwd=cwd or self.workspace, check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything that Git may hold; returns the commit."""
        self.git("add", "--all")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def go_to(self, commit: str) -> None:
        """Check a branch or commit out with its data, and drop what was changed by hand."""
        self.git("checkout", "-q", "-f", commit)
        self.git("clean", "-fdq")
        shutil.rmtree(self.workspace / "data", ignore_errors=True)
        dvc.materialise(self.workspace, dvc.revision(self.workspace), self.workspace / "data")

    def restore(self) -> None:
        """Bring back what `make` left, whatever an exhibit has done."""
        self.go_to(self.head)
        self.git("checkout", "-q", "-B", "main")
        if self.live().id != self.release:
            self.ratchet("rollback", "--to", self.release)
        elif not self.answers():
            self.ratchet("serve")

    # What it looks like

    @property
    def settings(self) -> Settings:
        """The workspace's settings as they are now."""
        return load_settings(self.workspace)

    @property
    def registry(self) -> Registry:
        """The registry."""
        return Registry(self.settings)

    def models(self) -> list[Model]:
        """All models, oldest first."""
        return self.registry.models()

    def live(self) -> Release:
        """The manifest of what serves."""
        live = self.registry.live()
        assert live is not None
        return live

    @property
    def trained(self) -> list[Path]:
        """What each training was given, as JSON Lines."""
        return sorted((self.workspace.parent / "trained").glob("*.jsonl"))

    def say(self, text: str) -> dict[str, Any]:
        """Say something to the bot, and return its reply."""
        body = {"sender": "anna", "message": text}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/chat", json=body, trust_env=False, timeout=30)
        return dict(answer.raise_for_status().json())

    def answers(self) -> bool:
        """Whether people get an answer, and from the release that they got it from before."""
        try:
            return bool(self.say("the printer is broken")["release"] == self.release)
        except httpx.HTTPError:
            return False


def messages(intents: Sequence[str], week: int) -> pd.DataFrame:
    """The messages that a week brings, taken from the example."""
    corpus = pd.read_csv(ROOT / "examples" / "helpdesk" / "data" / "utterances.csv", dtype=str)
    known = corpus[corpus["intent"].isin(intents)].drop_duplicates("text")[["text", "intent"]]
    return known.groupby("intent", group_keys=False).nth(range(week * WEEK, (week + 1) * WEEK))


def answers_of(event: Event) -> list[str]:
    """What the service starts when this event is announced: `flow/deployment` of deployments/prefect.yaml."""
    text = (ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8")
    labels = {"ratchet.retrain": event.payload.get("retrain", "")}
    found = []
    for deployment in yaml.safe_load(text)["deployments"]:
        for trigger in deployment.get("triggers", []):
            wanted = {name: value for name, value in trigger["match"].items() if name in labels}
            if event.name in trigger["expect"] and wanted.items() <= labels.items():
                found.append(f"{deployment['entrypoint'].split('.')[1]}/{deployment['name']}")
    return found
