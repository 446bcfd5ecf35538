"""Tests of building a release again: from its own commit or code, proved by digest, and else not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ratchet.adapters.bot import bot_code
from ratchet.adapters.registry.mlflow import Registry
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.targets import rebuild
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.adapters.targets.rebuild import CannotRebuild, ensured, proved, with_bot
from ratchet.adapters.targets.target import Say
from ratchet.domain.errors import RatchetError
from ratchet.domain.release.manifest import Release
from tests.adapters.rescue import machine
from tests.corpora import git


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A machine with two releases, each of a commit of its own."""
    return machine.make(tmp_path_factory.mktemp("made") / "bot-team")


@pytest.fixture
def settings(made: Settings) -> Iterator[Settings]:
    """The same, whole again after each test."""
    bundles, kept = made.state / "bundles", made.state / "kept"
    shutil.copytree(bundles, kept)
    yield made
    git(made.workspace, "reset", "--quiet", "--hard")
    for changed in (bundles, made.state / "set-aside"):
        shutil.rmtree(changed, ignore_errors=True)
    kept.rename(bundles)


def ensure(settings: Settings, release: Release, said: list[str] | None = None) -> Release:
    """See that a release is there."""
    lines = [] if said is None else said
    return ensured(settings, Registry(settings), ProcessTarget(settings), release, lines.append)


def first(settings: Settings) -> Release:
    """The older release."""
    return Registry(settings).releases()[0]


def test_a_release_that_is_there_is_not_touched(settings: Settings) -> None:
    """No model is fetched, no commit looked at."""
    said: list[str] = []
    assert ensure(settings, first(settings), said) == first(settings)
    assert said == []


def test_a_bundle_is_built_again_from_its_commit_not_from_todays_tree(settings: Settings) -> None:
    """The same digest as before; the working tree and Git's own state are as they were."""
    old, said = first(settings), list[str]()
    shutil.rmtree(settings.state / "bundles")
    (settings.bot / "answer.txt").write_text("Not released yet.")
    before = (git(settings.workspace, "status", "--porcelain"), git(settings.workspace, "worktree", "list"))
    assert ensure(settings, old, said) == old
    bundle = settings.state / "bundles" / old.bundle
    assert bot_code.is_whole(bundle)
    assert (bundle / "bot" / "answer.txt").read_text() == "Hello."
    assert said == [f"building release {old.id} again from commit {old.code_commit[:8]}"]
    assert (
        git(settings.workspace, "status", "--porcelain"),
        git(settings.workspace, "worktree", "list"),
    ) == before


def test_a_bundle_that_was_changed_is_put_aside_and_built_again(settings: Settings) -> None:
    """What was changed never runs, and can be looked at."""
    old, said = first(settings), list[str]()
    answer = settings.state / "bundles" / old.bundle / "bot" / "answer.txt"
    answer.write_text("evil")
    ensure(settings, old, said)
    assert answer.read_text() == "Hello."
    [aside] = (settings.state / "set-aside").iterdir()
    assert (aside / "bot" / "answer.txt").read_text() == "evil"
    assert any("does not run" in line for line in said)


def test_uncommitted_code_is_taken_only_where_it_is_the_very_same(settings: Settings) -> None:
    """A release of changes that no commit has is built from them as long as they are there."""
    (settings.bot / "answer.txt").write_text("Uncommitted.")
    code = bot_code.code_digest(settings.bot)
    old = first(settings)
    dirty = replace(
        old, id="2026-11-27-dirty1", code=code, code_commit=f"{git(settings.workspace, 'rev-parse', 'HEAD')}-dirty",
        bundle=bot_code.bundle_name(code, old.model_sha256),
    )  # fmt: skip
    said: list[str] = []
    assert ensure(settings, dirty, said) == dirty
    assert "the working tree, which has the very code" in said[0]
    shutil.rmtree(settings.state / "bundles")
    (settings.bot / "answer.txt").write_text("Changed since.")
    with pytest.raises(CannotRebuild, match=r"changes that no commit has.*`ratchet rollback --to ID`"):
        ensure(settings, dirty)
    assert not (settings.state / "bundles").exists() or not any((settings.state / "bundles").iterdir())


def test_a_commit_that_this_clone_lacks_is_named(settings: Settings) -> None:
    """With the way to get it."""
    lost = replace(first(settings), code_commit="0" * 40, code="0" * 64, bundle="0" * 64)
    with pytest.raises(CannotRebuild, match=r"commit 00000000 is not in this clone.*fetch it from there"):
        ensure(settings, lost)


def test_without_git_the_remedy_is_what_is_true_then(settings: Settings, tmp_path: Path) -> None:
    """Another release, or a new one of the same model: nothing claims to bring the old one back."""
    old = replace(first(settings), code_commit="")
    shutil.rmtree(settings.state / "bundles")
    folder = Path(shutil.copytree(settings.workspace, tmp_path / "plain"))
    shutil.rmtree(folder / ".git")
    shutil.rmtree(folder / ".ratchet")
    shutil.copytree(settings.state, folder / ".ratchet")
    (folder / ".ratchet" / "workspace.json").unlink()
    for path in (folder / ".ratchet").glob("mlflow.db"):
        path.unlink()
    plain = load_settings(folder)
    target = ProcessTarget(plain)
    with pytest.raises(
        CannotRebuild, match=r"released without Git.*A new release of its model, with today's code"
    ):
        ensured(plain, Registry(settings), target, old, print)


def test_a_model_of_another_digest_is_never_taken(settings: Settings) -> None:
    """The manifest decides, not the registry's number."""
    shutil.rmtree(settings.state / "bundles")
    with pytest.raises(RatchetError, match="another digest"):
        ensure(settings, replace(first(settings), model_sha256="0" * 64))


def test_an_image_from_before_digests_needs_a_clean_commit_and_its_lineage(settings: Settings) -> None:
    """What cannot be proved is not called the same."""
    bot = settings.bot
    lineage = replace(
        first(settings).lineage, code_hash=bot_code.shaping_hash(bot), lock_hash=bot_code.lock_hash(bot)
    )
    image = replace(first(settings), target="swarm", code="", lineage=lineage, code_commit="c" * 40)
    assert proved(image, bot)
    assert not proved(replace(image, code_commit="c" * 40 + "-dirty"), bot)
    assert not proved(replace(image, code_commit=""), bot)
    assert not proved(replace(image, lineage=replace(lineage, lock_hash="other")), bot)
    assert not proved(replace(image, code="0" * 64), bot)
    assert not proved(image, bot / "absent")


def test_a_release_with_another_image_is_recorded_under_its_id(settings: Settings) -> None:
    """Each time that it went live; what else the manifest says stays."""
    registry, old = Registry(settings), first(settings)
    registry.record_bundle(replace(old, bundle="sha256:new", reason="ignored"))
    assert registry.releases()[0] == replace(old, bundle="sha256:new")
    assert registry.releases()[1] == Registry(settings).live()
    registry.record_bundle(old)
    assert first(settings) == old


def test_settings_of_another_bot_differ_in_nothing_else(settings: Settings, tmp_path: Path) -> None:
    """State, ports and identity stay the workspace's."""
    other = with_bot(settings, tmp_path)
    assert other.bot == tmp_path
    assert {name: getattr(other, name) for name in Settings.model_fields} == {
        name: getattr(settings, name) for name in Settings.model_fields
    }
    assert other.state == settings.state
    assert other.explicit("target") == settings.explicit("target")


def test_another_targets_release_is_left_to_it(settings: Settings) -> None:
    """A release of a fleet is no bundle here."""
    image = replace(first(settings), target="swarm", bundle="sha256:x")
    assert ensure(settings, image) == image
    assert {rebuild.PROCESS, ProcessTarget.name} == {"process"}


@dataclass
class Engine:
    """A target whose images are gone, and get another digest when they are built again."""

    settings: Settings
    name: str = "swarm"
    answers: list[str] = field(default_factory=list)

    def holds(self, release: Release) -> bool:
        return False

    def package(self, archive: Path, model_sha256: str, labels: dict[str, str], say: Say) -> str:
        self.answers.append((self.settings.bot / "answer.txt").read_text())
        return "sha256:built-again"


def test_an_image_may_get_another_digest_and_the_registry_names_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built from the release's commit; the release keeps its id, and its record has the image that is there now."""
    registry, old, engine = Registry(settings), first(settings), Engine(settings)
    image = replace(old, target="swarm", bundle="sha256:gone")

    def choose(chosen: Settings) -> Engine:
        engine.settings = chosen
        return engine

    monkeypatch.setattr(rebuild, "choose_target", choose)
    said: list[str] = []
    try:
        rebuilt = ensured(settings, registry, engine, image, said.append)  # type: ignore[arg-type]
        assert rebuilt == replace(image, bundle="sha256:built-again")
        assert registry.releases()[0].bundle == "sha256:built-again"
        assert engine.answers == ["Hello."]
        assert "another image now" in said[-1]
    finally:
        registry.record_bundle(old)
