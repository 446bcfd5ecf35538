"""The registry: models, their lineage and the releases, in MLflow.

Experiment `nlu` has a run for each training. `releases` has one for each time that a release went live, and one with
the status FAILED for each attempt to release, to go back or to serve that failed. The registered model `nlu` has a
version for each trained model; its aliases `champion` and `previous` name the versions that serve and that served
before.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratchet.adapters.bot.bot_code import check_unpacked, code_digest, unpack
from ratchet.adapters.registry import lost
from ratchet.adapters.registry.client import RegistryDown, connect
from ratchet.adapters.registry.reading import Asked, Entry, Reader, Version, tables
from ratchet.adapters.registry.records import read_attempt, read_model, read_override, read_release
from ratchet.adapters.settings import Settings
from ratchet.adapters.system import console
from ratchet.adapters.system.files import replacing, sha256
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.override import Override
from ratchet.domain.operations import run_names
from ratchet.domain.release.attempt import MOST, Attempt, Verb
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

NAME = "nlu"
CHAMPION, PREVIOUS = "champion", "previous"
RELEASES = "releases"
RECORD_TAG, OVERRIDE_TAG, FINGERPRINT_TAG = "ratchet.model", "ratchet.override", "ratchet.fingerprint"
RELEASE_TAG, ATTEMPT_TAG = "ratchet.release", "ratchet.attempt"
FAILURE_TAG = "ratchet.not_live"
"""Where Ratchet before attempts were kept noted at a version why its release failed."""
NOTE_TAG = "mlflow.note.content"
"""What MLflow's pages show above a run."""
CODE_TAG, PACKED_TAG = "ratchet.code", "ratchet.code.sha256"
"""Digests of the code that a model was trained with: of its files, and of the archive that keeps them."""
CODE, ARCHIVE = "bot.tar.gz", "model/model.tar.gz"
"""The artifact with the code that a model was trained with."""


class Registry:
    """The registry of one workspace."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.uri = settings.tracking_uri or f"sqlite:///{settings.state / 'mlflow.db'}"
        self.artifact_root = settings.artifact_root or str(settings.state / "artifacts")

    @cached_property
    def client(self) -> MlflowClient:
        """The connection, made at first use: an ingest has no need of it."""
        self.settings.state.mkdir(parents=True, exist_ok=True)
        return connect(self.uri, self.artifact_root, self.settings.s3_endpoint)

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made at first use."""
        return self.reader.experiment(name) or str(
            self.client.create_experiment(name, artifact_location=f"{self.artifact_root}/{name}")
        )

    @property
    def reader(self) -> Reader:
        """What reads: MLflow's tables where they are known, else its client."""
        return tables(self.uri, NAME) or Asked(self.client, NAME)

    # Models

    def register(
        self,
        model: Model,
        archive: Path,
        artifacts: Sequence[Path],
        metrics: Mapping[str, float],
        note: str = "",
    ) -> Model:
        """Store a trained model with what is known of it; returns it with its version and run.

        `note`, in Markdown, is shown above both in MLflow's pages. The version is made last: a crash before leaves a
        run without a version, which `clean` closes.
        """
        client = self.client
        if sha256(archive) != model.sha256:
            raise RatchetError(
                f"The trained archive {archive} was changed before it was registered.",
                "It is not stored. Run `ratchet retrain` again.",
            )
        run = client.create_run(
            self.experiment(NAME), run_name=name_of(model), tags={NOTE_TAG: note} if note else None
        )
        run_id = run.info.run_id
        client.log_artifact(run_id, str(archive), "model")
        for path in artifacts:
            client.log_artifact(run_id, str(path))
        self._log(run_id, metrics, {**model.lineage.as_dict(), "training_rows": model.training_rows})
        self._ensure_registered_model()
        version = client.create_model_version(
            NAME,
            source=f"{run.info.artifact_uri}/model",
            run_id=run_id,
            description=note or None,
            tags={**described_by(replace(model, run_id=run_id)), **self._code_tags(artifacts)},
        )
        client.set_terminated(run_id)
        return replace(model, run_id=run_id, version=str(version.version))

    def _code_tags(self, artifacts: Sequence[Path]) -> dict[str, str]:
        packed = next((path for path in artifacts if path.name == CODE), None)
        return {CODE_TAG: code_digest(self.settings.bot), PACKED_TAG: sha256(packed)} if packed else {}

    def _log(self, run_id: str, metrics: Mapping[str, float], params: Mapping[str, Any]) -> None:
        import time

        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        self.client.log_batch(
            run_id,
            metrics=[Metric(name, float(value), now, 0) for name, value in metrics.items()],
            params=[Param(name, str(value)) for name, value in params.items()],
        )

    def _ensure_registered_model(self) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(NAME)
        except MlflowException:
            self.client.create_registered_model(
                NAME, description="The chatbot's model; see the tags for its lineage."
            )

    def models(self) -> list[Model]:
        """Return all registered models, oldest first."""
        found = [one for one in self.reader.versions() if RECORD_TAG in one.tags]
        return sorted(map(as_model, found), key=lambda model: int(model.version))

    def trained_from(self, fingerprint: str) -> Model | None:
        """Return the newest model with this training fingerprint, None when there is none."""
        found = [
            one for one in self.reader.versions((FINGERPRINT_TAG, fingerprint)) if RECORD_TAG in one.tags
        ]
        return max(map(as_model, found), key=lambda model: int(model.version), default=None)

    def model(self, version: str) -> Model:
        """Return one version; raises `RatchetError` when the registry has none of that number."""
        return as_model(self._version(version.removeprefix("v")))

    def _version(self, number: str) -> Version:
        found = self.reader.version(number)
        if found is None:
            raise RatchetError(
                f"The registry has no model version {number}.", "See `ratchet history` for those there are."
            )
        return found

    def aliased(self, alias: str) -> Model | None:
        """Return the model that an alias names, None when nothing was released yet."""
        found = self.reader.aliased(alias)
        return as_model(found) if found else None

    def champion(self) -> Model | None:
        """Return the model of the live release."""
        return self.aliased(CHAMPION)

    def archive(self, model: Model) -> Path:
        """Return the model's archive as a local file whose digest is the registered one.

        Where the store has lost it, one with this digest under `.ratchet/` is used, and put back there.
        Raises `RatchetError` when it is gone or differs: a model archive is code, and is never loaded then.
        """
        local = self.settings.state / "models" / f"{model.sha256}.tar.gz"
        if not local.exists() or sha256(local) != model.sha256:
            try:
                found = self.artifact(model, ARCHIVE)
            except RegistryDown:
                raise
            except RatchetError:
                if (kept := lost.kept(self.settings.state, model.sha256)) is None:
                    raise
                found = lost.put_back(self.client, model, kept)
            self._check(model, found)
            with replacing(local) as temporary:
                shutil.copyfile(found, temporary)
        return local

    def code(self, model: Model) -> Path:
        """Return a folder with the bot's code that the model was trained with, as its lineage names it.

        Raises `RatchetError` when it is gone or differs.
        """
        lineage = model.lineage
        tags = self._version(model.version).tags
        code, packed = tags.get(CODE_TAG, ""), tags.get(PACKED_TAG, "")
        name = code[:32] or f"{lineage.code_hash[:16]}-{lineage.lock_hash[:16]}"
        folder = self.settings.state / "code" / name
        if folder.is_dir():
            check_unpacked(folder, lineage.code_hash, lineage.lock_hash, code)
            return folder
        archive = self.artifact(model, CODE)
        if packed and sha256(archive) != packed:
            raise RatchetError(
                f"The code of model version {model.version} is not the one that was registered: it was changed.",
                "It is not run. Restore the artifact store from a backup.",
            )
        return unpack(archive, folder, lineage.code_hash, lineage.lock_hash, code)

    def trained_with(self, model: Model) -> str:
        """Return the SHA-256 over all of the bot's code that a model was trained and judged with, "" if not noted."""
        return self._version(model.version).tags.get(CODE_TAG, "")

    def _check(self, model: Model, found: Path) -> None:
        digest = sha256(found)
        if digest != model.sha256:
            raise RatchetError(
                f"The archive of model version {model.version} has the digest {digest[:12]}, "
                f"but {model.sha256[:12]} was registered: it was changed.",
                "It is not loaded. Restore it from a backup, or train the model again.",
            )

    def artifact(self, model: Model, artifact: str) -> Path:
        """Return what is kept with a model as a local file; raises `RatchetError` when there is no such thing."""
        import mlflow.artifacts

        source = str(self.client.get_model_version(NAME, model.version).source)
        name = f"{source.removesuffix('/model')}/{artifact}"
        moved = f"{self.artifact_root}/{NAME}/{model.run_id}/artifacts/{artifact}"
        failed: Exception | None = None
        for address in dict.fromkeys((name, moved)):  # a store that moved is where the settings say
            try:
                return Path(mlflow.artifacts.download_artifacts(address, tracking_uri=self.uri))
            except Exception as error:
                failed = failed or error
        raise RatchetError(
            f"{artifact} of model version {model.version} cannot be fetched from {name}.",
            "If the artifact store moved, set RATCHET_ARTIFACT_ROOT to its new address; else `ratchet retrain` trains"
            " the model again.",
        ) from failed

    def keep(self, model: Model, paths: Sequence[Path]) -> None:
        """Keep files with a model; one of the same name is replaced."""
        for path in paths:
            self.client.log_artifact(model.run_id, str(path))

    def page(self, model: Model, artifact: str) -> str:
        """Return the address of an artifact of the model's training in MLflow's pages."""
        experiment = self.reader.experiment(NAME)
        return f"{self.pages}/#/experiments/{experiment}/runs/{model.run_id}/artifacts/{artifact}"

    def model_page(self, model: Model) -> str:
        """Return the address of a model's version in MLflow's pages."""
        return f"{self.pages}/#/models/{NAME}/versions/{model.version}"

    @property
    def pages(self) -> str:
        """The address of MLflow's pages: the team's server, or the one that `ratchet up` starts here."""
        return self.uri if self.uri.startswith("http") else f"http://127.0.0.1:{self.settings.mlflow_port}"

    # Overrides

    def override(self, model: Model) -> Override | None:
        """Return a person's decision about a model."""
        text = self._version(model.version).tags.get(OVERRIDE_TAG)
        return read_override(text, model.version) if text else None

    def overrides(self) -> dict[str, Override]:
        """Return people's decisions by the version that each is about."""
        return {
            found.version: read_override(found.tags[OVERRIDE_TAG], found.version)
            for found in self.reader.versions()
            if OVERRIDE_TAG in found.tags
        }

    def set_override(self, override: Override) -> None:
        """Store a person's decision with the model."""
        self.client.set_model_version_tag(
            NAME, override.version, OVERRIDE_TAG, json.dumps(override.as_dict())
        )

    # Attempts that failed

    def attempts(self) -> list[Attempt]:
        """Return the failed attempts to release, to go back or to serve that are kept, oldest first."""
        return [read_attempt(run.tags[ATTEMPT_TAG], run.name) for run in self._attempts()]

    def note_attempt(self, attempt: Attempt) -> None:
        """Keep a failed attempt; of more than `MOST` the oldest go."""
        tags = {ATTEMPT_TAG: json.dumps(attempt.as_dict()), "reason": attempt.trigger}
        run = self.client.create_run(self.experiment(RELEASES), run_name=attempt.what, tags=tags)
        self.client.set_terminated(run.info.run_id, "FAILED")
        for old in self._attempts()[:-MOST]:
            self.client.delete_run(old.id)

    def _attempts(self) -> list[Entry]:
        return [run for run in self.reader.runs(RELEASES, "FAILED") if ATTEMPT_TAG in run.tags]

    def failure(self, version: str) -> str:
        """Return why a model's release failed last, "" where none did."""
        tried = [one.reason for one in self.attempts() if (one.verb, one.version) == (Verb.RELEASE, version)]
        return tried[-1] if tried else self._version(version).tags.get(FAILURE_TAG, "")

    # Releases

    def begin(self, release: Release) -> None:
        """Note, before anything is deployed, that this release is about to go live."""
        tags = {RELEASE_TAG: json.dumps(release.as_dict()), "reason": release.reason}
        self.client.create_run(self.experiment(RELEASES), run_name=release.id, tags=tags)

    def finish(self, release: Release) -> None:
        """Note that a release is live: the manifest first, then the aliases. One that was switched to was not begun."""
        if all(begun.id != release.id for _, begun in self._unfinished()):
            self.begin(release)
        for run_id, begun in self._unfinished():
            if begun.id == release.id:
                self.client.set_tag(run_id, RELEASE_TAG, json.dumps(release.as_dict()))
                self.client.log_dict(run_id, release.as_dict(), "release.json")
                self._log(run_id, {"seconds": release.seconds}, {"model_version": release.model_version})
                self.client.set_terminated(run_id)
        self.set_aliases()

    def record_bundle(self, release: Release) -> None:
        """Let each record of a release name the bundle that it has now: an image was built again."""
        for run in self.reader.runs(RELEASES, "FINISHED"):
            if RELEASE_TAG in run.tags and (known := as_release(run)).id == release.id:
                now = replace(known, bundle=release.bundle)
                self.client.set_tag(run.id, RELEASE_TAG, json.dumps(now.as_dict()))
                self.client.log_dict(run.id, now.as_dict(), "release.json")

    def set_aliases(self) -> None:
        """Let `champion` and `previous` name what the releases say; already so is a no-op.

        A version that was deleted in MLflow's pages has no alias, and that is said.
        """
        order = [release.model_version for release in reversed(self.releases())]
        if not order:
            return
        here = {one.version for one in self.reader.versions()}
        wanted = {CHAMPION: order[0]} if order[0] in here else {}
        if not wanted:
            console.note(
                f"Model version {order[0]} of the live release was deleted from the registry: the next model is judged"
                " without it."
            )
        if before := next((version for version in order if version != order[0] and version in here), None):
            wanted[PREVIOUS] = before
        for alias, version in wanted.items():
            now = self.aliased(alias)
            if now is None or now.version != version:
                self.client.set_registered_model_alias(NAME, alias, version)

    def begun(self) -> Release | None:
        """Return the release that a killed process began and did not finish."""
        return next((release for _, release in self._unfinished()), None)

    def _unfinished(self) -> list[tuple[str, Release]]:
        running = self.reader.runs(RELEASES, "RUNNING")
        return [(run.id, as_release(run)) for run in reversed(running) if RELEASE_TAG in run.tags]

    def releases(self) -> list[Release]:
        """Return each time that a release went live, oldest first; the last one is live."""
        return [as_release(run) for run in self.reader.runs(RELEASES, "FINISHED") if RELEASE_TAG in run.tags]

    def live(self) -> Release | None:
        """Return the manifest of the live release."""
        return next(reversed(self.releases()), None)

    def clean(self) -> int:
        """Close the runs that a killed process left unfinished; returns their number.

        A training whose model version was made already is whole; all others are marked as killed.
        Only to be called by the holder of the workspace's lock: no other run can be in progress then.
        """
        left = [run for name in (NAME, RELEASES) for run in self.reader.runs(name, "RUNNING")]
        for run in left:
            whole = self.client.search_model_versions(f"run_id = '{run.id}'")
            self.client.set_terminated(run.id, "FINISHED" if whole else "KILLED")
        return len(left)


def as_model(version: Version) -> Model:
    """Read a model's record from its version in the registry."""
    return read_model(version.tags[RECORD_TAG], version.version)


def as_release(run: Entry) -> Release:
    """Read a release's manifest from its run."""
    return read_release(run.tags[RELEASE_TAG], run.name)


def name_of(model: Model) -> str:
    """Return the name of a model's training in MLflow's pages: its week, data, accuracy and verdict."""
    day = date.fromisoformat(model.created_at[:10])
    return run_names.trained(day, model.lineage.data_revision, model.accuracy, model.decision)


def described_by(model: Model) -> dict[str, str]:
    """Return the tags of a model's version: its record, and what people look for in MLflow's pages."""
    return {
        RECORD_TAG: json.dumps(model.as_dict()),
        FINGERPRINT_TAG: model.lineage.fingerprint,
        "sha256": model.sha256,
        "data_revision": model.lineage.data_revision,
        "code_commit": model.lineage.code_commit,
        "decision": model.decision,
        "accuracy": f"{model.accuracy:.4f}",
    }
