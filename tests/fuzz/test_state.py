"""Files that Ratchet or its users keep: damaged, half-written, of other types. A result or a refusal in words."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ratchet.adapters.bot import archives, rasa
from ratchet.adapters.corpus import data_folder, dvc, proofs
from ratchet.adapters.monitoring import harvest, monitor
from ratchet.adapters.prefect import retrains
from ratchet.adapters.registry.records import read_attempt, read_model, read_override, read_release
from ratchet.adapters.settings import SOURCE, Settings, load_settings
from ratchet.adapters.system.files import read_json, write_json
from ratchet.adapters.system.lock import hold, holder
from ratchet.adapters.system.processes import Replica, read_replica
from ratchet.adapters.targets import locust_load, ports
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.swarm import stack
from ratchet.adapters.triggers import follow
from ratchet.adapters.workspace import identity, owned
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.findings import ValidationReport
from ratchet.domain.corpus.ledger import SplitPolicy, seal
from ratchet.domain.gate.override import Override
from ratchet.domain.operations.triggers import Cursor
from ratchet.domain.release.attempt import Attempt, Verb, outstanding
from ratchet.domain.release.manifest import Release
from tests.domain.release.test_manifest import model
from tests.fuzz.fuzzing import JSON, bomb, fuzz, mutated, survive, twisted
from tests.workspaces import fake_workspace, make_release

PARAMS = (SOURCE / "params.yaml").read_bytes()
POINTER = b"outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  size: 10\n  nfiles: 3\n  hash: md5\n  path: data\n"
RELEASE = make_release("b" * 64, "a" * 64).as_dict()
MODEL = model("3").as_dict()
ATTEMPT = Attempt(Verb.RELEASE, "2026-11-27T08:12:00+00:00", "stage", "p95", "Look.", "12").as_dict()
IDENTITY = b'{"id": "a1", "home": "/tmp", "state": {"device": 1, "inode": 2}}'
OWNED = b'{"ports": {"port": 5005, "mlflow_port": 5000}, "stack": "ratchet-a1", "avoid": "/tmp"}'
REPLICA = Replica("r", 5005, 1, 2.5, ("python", "-m", "x"), "/tmp", (("A", "b"),)).as_dict()


def workspace(folder: str) -> Settings:
    """A workspace in a folder of its own."""
    settings = fake_workspace(Path(folder) / "ws")
    settings.state.mkdir()
    return settings


@fuzz(30, 3000, content=mutated([PARAMS, b"gate: {max_loss_points: 1}\nramp:\n  weeks: 3\n"]))
def test_params(content: bytes) -> None:
    """`params.yaml`: policy that is understood, or each wrong entry by its name."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bot").mkdir()
        (Path(folder) / "params.yaml").write_bytes(content)
        survive("params.yaml", lambda: load_settings(folder))


@fuzz(
    30, 2000, content=mutated([b"RATCHET_PORT=5005\nRATCHET_ALERT_URLS='json://a'\nRATCHET_TARGET=process\n"])
)
def test_env(content: bytes) -> None:
    """`.env`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bot").mkdir()
        (Path(folder) / "params.yaml").write_bytes(b"")
        (Path(folder) / ".env").write_bytes(content)
        survive(".env", lambda: load_settings(folder))


@fuzz(20, 2000, content=mutated([IDENTITY, OWNED]))
def test_identity_and_ports(content: bytes) -> None:
    """`workspace.json` and `owned.json` under `.ratchet/`: ports and a path, or a refusal."""
    with tempfile.TemporaryDirectory() as folder:
        settings = workspace(folder)
        for name in (identity.FILE, owned.FILE):
            (settings.state / name).write_bytes(content)
            survive(name, lambda: ports.choose(load_settings(settings.workspace)))
            (settings.state / name).unlink()


@fuzz(30, 3000, content=mutated([POINTER]))
def test_pointer(content: bytes) -> None:
    """`data.dvc`: a revision that is a hash and nothing else, since it becomes part of paths."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data.dvc").write_bytes(content)
        found = survive("data.dvc", lambda: dvc.read_pointer(Path(folder)))
        assert found is None or dvc.REVISION.fullmatch(found.revision)


@fuzz(30, 2000, content=mutated([(SOURCE / "deployments" / "stack.yml").read_bytes()]))
def test_stack(content: bytes) -> None:
    """`stack.yml`."""
    with tempfile.TemporaryDirectory() as folder:
        settings = workspace(folder)
        (settings.workspace / "deployments").mkdir()
        (settings.workspace / "deployments" / "stack.yml").write_bytes(content)
        survive("stack.yml", lambda: stack.read(settings))


LEDGER = b"key,side,first_seen\n0123,train,2026-01-01\n4567,test,2026-01-01\n"
MESSAGES = b"text,intent,role,source\nhello,greet,,a\nbye,leave,manager,b\n"
POLICY = CorpusPolicy(context={"role": None})


@fuzz(30, 2000, rows=mutated([LEDGER]), sealed=mutated([seal(LEDGER, SplitPolicy()).encode()]))
def test_ledger(rows: bytes, sealed: bytes) -> None:
    """The ledger and its seal: no change by one byte is taken."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ledger.csv").write_bytes(rows)
        (Path(folder) / "ledger.seal").write_bytes(sealed)
        found = survive("ledger", lambda: data_folder.read_ledger(Path(folder), SplitPolicy()))
        assert found is None or rows == LEDGER
        (Path(folder) / "ledger.seal").write_text(seal(rows, SplitPolicy()))  # by somebody who has the salt
        survive("ledger", lambda: data_folder.read_ledger(Path(folder), SplitPolicy()))


@fuzz(30, 3000, content=mutated([MESSAGES]))
def test_messages(content: bytes) -> None:
    """`data/utterances.csv`, edited by hand."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "utterances.csv").write_bytes(content)
        survive("data/", lambda: data_folder.read_messages(Path(folder), POLICY))


SAMPLE = (
    b"text,intent,role,source,guess,confidence,suggestions,stratum,drawn,known,week,newest\n"
    b"hello,greet,,harvest,greet,0.5,greet,0,1,,2026-W01,\nbye,,,harvest,leave,0.9,leave,4,2,leave,2026-W01,\n"
)
STRATA = {"name": "2026-W01", "sizes": [2, 2, 2, 2, 2], "versions": ["1"], "holdout_accuracy": 0.9}


@fuzz(30, 3000, content=mutated([SAMPLE]), strata=twisted(STRATA))
def test_reviewed(content: bytes, strata: Any) -> None:
    """A harvest that people labelled in whatever editor."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / harvest.SAMPLE
        path.write_bytes(content)
        write_json(path.with_name(harvest.STRATA), strata)
        survive("reviewed files", lambda: harvest.read(path))
        survive("reviewed files", lambda: harvest.write_labelled(path, POLICY))
        survive("reviewed files", lambda: harvest.estimate_of(path))


READERS: dict[str, tuple[str, Any, Callable[[Settings, Path], Any]]] = {
    "replica": ("process/live.json", REPLICA, lambda _, path: read_replica(path)),
    "warm": ("process/warm.json", {**REPLICA, "until": "2027-01-01T00:00:00+00:00"},
             lambda s, _: ProcessTarget(s).warm()),
    "cursor": ("watch/cursor.json", Cursor("c", ("a",), 1.0).as_dict(), lambda s, _: follow.read_cursor(s)),
    "monitor": ("monitor/memory.json", monitor.Memory().as_dict(), lambda s, _: monitor.recall(s)),
    "journal": ("ingest/journal.json", {"revision": "a"}, lambda s, _: data_folder.recover(s.workspace)),
    "lock": ("run.json", {"what": "A retrain", "pid": 1, "since": "2026-01-01T00:00:00+00:00"},
             lambda s, _: [holder(s.state / "run.lock"), list(retrains.left_behind(s))]),
    "training": ("train.json", {"model_id": "m", "rows": 3, "intents": ["a"], "seconds": 1.0},
                 lambda _, path: sealed_training(path.parent)),
    "load test": (locust_load.OUT, {"passed": True}, lambda _, path: locust_load.read(path.parent)),
    "proved": ("proved/x.json", {"rows": 1}, lambda s, path: proved(s, path)),
    "conversations": ("conversations.json", {"conversations": [{"name": "a", "mismatches": ["b"]}]},
                      lambda _, path: rasa.mismatches(path)),
}  # fmt: skip


def sealed_training(folder: Path) -> Any:
    """Read a training whose archive is whole."""
    (folder / archives.ARCHIVE).write_bytes(b"a model")
    archives.seal(folder)
    return archives.read_trained(folder)


def proved(settings: Settings, path: Path) -> ValidationReport | None:
    """Read a kept report."""
    policy = settings.params.validation
    path.rename(proofs.report_file(settings.state, "r", policy))
    return proofs.known_report(settings.state, "r", policy)


@pytest.mark.parametrize("name", READERS)
def test_state(name: str) -> None:
    """State under `.ratchet/`: bytes that were cut off or changed, and JSON of another shape."""
    where, valid, read = READERS[name]
    text = json.dumps(valid, indent=2).encode()

    @fuzz(20, 2000, content=mutated([text]), other=twisted(valid))
    def run(content: bytes, other: Any) -> None:
        for written in (content, json.dumps(other).encode()):
            with tempfile.TemporaryDirectory() as folder:
                settings = workspace(folder)
                path = settings.state / where
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(written)
                survive(f"state: {name}", lambda: read(settings, path))  # noqa: B023

    run()


@fuzz(
    30,
    3000,
    release=twisted(RELEASE),
    registered=twisted(MODEL),
    attempt=twisted(ATTEMPT),
    override=JSON,
    text=mutated([json.dumps(RELEASE).encode()]),
)
def test_manifests(release: Any, registered: Any, attempt: Any, override: Any, text: bytes) -> None:
    """What the registry holds of models, releases, attempts and overrides, as who has its database could write it."""
    for content in (json.dumps(release), text.decode(errors="replace")):
        found = survive("manifests", lambda: read_release(content, "run 1"))  # noqa: B023
        assert found is None or isinstance(found, Release)
    survive("manifests", lambda: read_model(json.dumps(registered), "1"))
    tried = survive("manifests", lambda: read_attempt(json.dumps(attempt), "run 1"))
    assert tried is None or tried.when <= outstanding([tried], None, False).when
    found = survive("manifests", lambda: read_override(json.dumps(override), "1"))
    assert found is None or isinstance(found, Override)


@fuzz(20, 2000, content=mutated([b'{"a": 1}']))
def test_json(content: bytes) -> None:
    """Any file in place of JSON is no JSON."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_bytes(content)
        survive("JSON files", lambda: read_json(path))


def test_a_params_bomb_is_refused(tmp_path: Path) -> None:
    """Aliases for a billion entries, and nesting without end."""
    (tmp_path / "bot").mkdir()
    for content in (
        bomb(),
        b"gate: " + b"[" * 50_000,
        b"corpus:\n  context: " + b"{a: " * 5_000,
        bomb() + b"\ngate: *a9",
    ):
        (tmp_path / "params.yaml").write_bytes(content)
        assert survive("params.yaml", lambda: load_settings(tmp_path)) is None


def test_a_damaged_lock_file_is_no_lock(tmp_path: Path) -> None:
    """The operating system holds the lock; the file beside it only says who does."""
    (tmp_path / "run.json").write_bytes(b'{"pid": "many"')
    with hold(tmp_path / "run.lock", "A test"):
        assert (holder(tmp_path / "run.lock") or {})["what"] == "A test"
