"""The whole cycle on BANKING77, data to verified release, beside bare Rasa on the same rows, in the same minutes.

Bare Rasa is `rasa train nlu` with LogisticRegressionClassifier and `rasa test nlu`: no gate, no release. The cycle is
`ratchet ingest` and `ratchet retrain` in a new workspace: first with no vector encoded, then `ratchet retrain` with
another seed, which finds each vector and has a champion to compare with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import public
from benchmarks.bot import data, pooled
from benchmarks.bot.tools import LEAN, Cost, run
from benchmarks.workspace import Workspace, new_workspace
from ratchet.adapters.corpus import data_folder
from ratchet.adapters.settings import load_settings
from ratchet.adapters.system.processes import free_port
from ratchet.domain.corpus import ledger

Row = tuple[str, str, str]
ENCODER = "encoder: english"


def cycle(folder: Path, logistic: Mapping[str, Any]) -> Iterator[Row]:
    """With the encoder for the first time and with cached vectors, and the linear classifier; ratios by the clock."""
    pooled.english()  # ends here where the weights are not: it would be the linear classifier twice
    with started(ENCODER) as (workspace, ingested):
        first = ingested + workspace.ratchet("retrain")[0]
        theirs = bare(folder / "bare", workspace, logistic)
        yield "banking77: `rasa train nlu` and `rasa test nlu`, the same rows", str(theirs), ""
        yield "banking77: data to verified, first time", ratio(first, theirs), "at most 0.85"
        workspace.new_seed(2)
        again = workspace.ratchet("retrain")[0]
        yield "… with cached vectors", ratio(again, theirs), "at most 0.55"
    with started("encoder: null") as (workspace, ingested):
        yield (
            "linear: banking77: data to verified",
            ratio(ingested + workspace.ratchet("retrain")[0], theirs),
            "",
        )


@contextmanager
def started(encoder: str) -> Iterator[tuple[Workspace, float]]:
    """A new workspace whose classifier has this line, with BANKING77 in it, and the seconds that taking it in took."""
    port = str(free_port())
    with new_workspace({"RATCHET_PORT": port, "RATCHET_TARGET": "process"}) as workspace:
        config = workspace.folder / "bot" / "config.yml"
        config.write_text(config.read_text().replace(ENCODER, encoder))
        yield workspace, workspace.ratchet("ingest", public.path("banking77"))[0]


def bare(folder: Path, workspace: Workspace, logistic: Mapping[str, Any]) -> Cost:
    """What Rasa's own commands take for the workspace's training side and holdout."""
    folder.mkdir()
    sides = split(workspace)
    (folder / "config.yml").write_text(json.dumps(logistic))
    learn = data.write_rasa_yaml(sides.train, folder / "train.yml")
    ask = data.write_rasa_yaml(sides.holdout, folder / "test.yml")
    into = ["--config", folder / "config.yml", "--nlu", learn, "--out", folder, "--fixed-model-name", "model"]
    model = ["--model", folder / "model.tar.gz", "--nlu", ask, "--no-plot", "--out", folder / "results"]
    training = run(LEAN, "rasa", "train", "nlu", *into, cache=folder)
    testing = run(LEAN, "rasa", "test", "nlu", *model, cache=folder)
    return Cost(training.wall + testing.wall, training.cpu + testing.cpu)


def split(workspace: Workspace) -> ledger.Split:
    """The sides by the workspace's own ledger."""
    settings = load_settings(workspace.folder)
    folder = workspace.folder / "data"
    frame = pd.read_csv(folder / "utterances.csv", dtype=str, keep_default_na=False)
    policy = settings.params.split
    return ledger.split(frame, data_folder.read_ledger(folder, policy), policy)


def ratio(seconds: float, theirs: Cost) -> str:
    """A time, and how many times as long it is as bare Rasa's."""
    return f"{seconds / theirs.wall:.2f} ({seconds:.0f} s)"
