"""What a step from one commit to another touches, in real Git repositories."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ratchet.adapters import scaffold
from ratchet.adapters.settings import Settings, load_settings
from ratchet.adapters.system.git import git
from ratchet.adapters.triggers import follow, watch
from ratchet.adapters.workspace import version
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.triggers import Change
from tests.clones import team
from tests.corpora import rows
from tests.workspaces import NEWER, newer_framework

pytestmark = pytest.mark.e2e  # real Git repositories

WHO = ("-c", "user.name=Ana", "-c", "user.email=ana@localhost")
DOMAIN = "intents:\n- greet\nresponses:\n  utter_greet:\n  - text: {text}\n"
FILES = {
    "params.yaml": "train:\n  seed: 1\n",
    "bot/domain.yml": DOMAIN.format(text="Hello"),
    "bot/config.yml": "pipeline: []\n",
    "bot/uv.lock": "version = 1\n",
    "data.dvc": "outs:\n- md5: a.dir\n  path: data\n",
}


class Repository:
    """A workspace in Git."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        git(folder, "init", "-q", "-b", "main")
        self.first = self.commit(FILES)

    def commit(self, files: Mapping[str, str]) -> str:
        """Write files, commit them and return the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(self.folder, "add", "--all")
        git(self.folder, *WHO, "commit", "-q", "-m", "x")
        return git(self.folder, "rev-parse", "HEAD")

    @property
    def settings(self) -> Settings:
        """The workspace's settings."""
        return load_settings(self.folder)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A workspace with one commit."""
    return Repository(tmp_path / "home")


@pytest.mark.parametrize(
    ("files", "data", "code", "shaping"),
    [
        ({"README.md": "hi"}, False, False, False),
        ({"bot/tests/conversations/a.yml": "x"}, False, False, False),
        ({"params.yaml": "train:\n  seed: 1\ngate:\n  max_drop_points: 2\n"}, False, False, False),
        ({"bot/domain.yml": DOMAIN.format(text="Hi")}, False, True, False),
        ({"directory.csv": "sender,role\n"}, False, True, False),
        (
            {"bot/domain.yml": DOMAIN.format(text="Hi").replace("- greet", "- greet\n- bye")},
            False,
            True,
            True,
        ),
        ({"bot/config.yml": "pipeline: [x]\n"}, False, True, True),
        ({"bot/uv.lock": "version = 2\n"}, False, True, True),
        ({"params.yaml": "train:\n  seed: 2\n"}, False, True, True),
        ({"data.dvc": "outs:\n- md5: b.dir\n  path: data\n"}, True, False, False),
        ({"data.dvc": "outs:\n- md5: b.dir\n  path: data\n", "bot/config.yml": "x: 1\n"}, True, True, True),
    ],
)
def test_a_commit_is_known_by_what_it_changes(
    repository: Repository, files: Mapping[str, str], data: bool, code: bool, shaping: bool
) -> None:
    """Wording is code, intents shape the model, policy and documentation are neither."""
    commit = repository.commit(files)
    change = follow.compare(repository.settings, repository.first, commit)
    assert change == Change(commit if data else "", commit if code else "", shaping, tuple(sorted(files)))


@pytest.mark.parametrize(
    ("changed", "shaping"),
    [("channel/chat.py", False), ("components/linear.py", True), ("tools/train.py", True)],
)
def test_a_newer_framework_is_known_by_what_it_changes(
    tmp_path: Path, changed: str, shaping: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its wheel is code, and trains anew only where classifier, importer or training differ."""
    monkeypatch.setattr(version, "of_program", lambda: NEWER)  # as new as the framework
    repository = Repository(tmp_path / "home")
    scaffold.copy_bot(repository.folder, "helpdesk")
    before = repository.commit({})
    newer_framework(repository.folder / "bot", f"src/ratchet_bot/{changed}")
    commit = repository.commit({})
    change = follow.compare(repository.settings, before, commit)
    assert (change.data, change.code, change.shaping) == ("", commit, shaping)


def test_what_was_taken_back_asks_for_nothing(repository: Repository) -> None:
    """The step counts, not the commits in between."""
    repository.commit({"bot/config.yml": "pipeline: [x]\n", "data.dvc": "x"})
    last = repository.commit(FILES)
    assert follow.compare(repository.settings, repository.first, last) == Change()


def test_each_kind_names_the_commit_that_made_it(repository: Repository) -> None:
    """So that a later commit of another kind does not make the event another one."""
    data = repository.commit({"data.dvc": "outs:\n- md5: b.dir\n  path: data\n"})
    code = repository.commit({"bot/domain.yml": DOMAIN.format(text="Hi")})
    last = repository.commit({"README.md": "hi"})
    change = follow.compare(repository.settings, repository.first, last)
    assert (change.data, change.code) == (data, code)


def test_a_commit_that_is_gone_counts_as_nothing_before(repository: Repository) -> None:
    """After a rewritten history nothing is missed."""
    change = follow.compare(repository.settings, "f" * 40, repository.first)
    assert (change.data, change.code, change.shaping) == (repository.first, repository.first, True)


def test_a_remotes_branch_is_followed_and_taken_over(repository: Repository, tmp_path: Path) -> None:
    """The clone goes forward to what a colleague pushed, and says so when it cannot."""
    git(tmp_path, "clone", "-q", str(repository.folder), "clone")
    settings = load_settings(tmp_path / "clone")
    pushed = repository.commit({"README.md": "hi"})
    assert follow.head(settings) == pushed
    assert git(settings.workspace, "rev-parse", "HEAD") == repository.first
    assert follow.fast_forward(settings.workspace) == pushed
    assert (settings.workspace / "README.md").read_text() == "hi"

    repository.commit({"README.md": "ho"})
    (settings.workspace / "README.md").write_text("by hand")
    git(settings.workspace, *WHO, "commit", "-qam", "by hand")
    with pytest.raises(RatchetError, match="cannot go forward"):
        follow.fast_forward(settings.workspace)


def test_the_watcher_and_a_run_may_look_at_the_same_time(repository: Repository, tmp_path: Path) -> None:
    """Neither disturbs the other, and both see what was pushed last."""
    git(tmp_path, "clone", "-q", str(repository.folder), "clone")
    settings = load_settings(tmp_path / "clone")
    for number in range(2):
        pushed = repository.commit({"README.md": f"version {number}"})
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: follow.head(settings), range(6))) == {pushed}
        git(settings.workspace, "cat-file", "-e", pushed)


def test_a_branch_that_the_remote_does_not_have_is_named(repository: Repository, tmp_path: Path) -> None:
    """A clone whose branch was never pushed."""
    git(tmp_path, "clone", "-q", str(repository.folder), "clone")
    git(tmp_path / "clone", "checkout", "-qb", "mine")
    with pytest.raises(RatchetError, match="origin has no branch mine"):
        follow.head(load_settings(tmp_path / "clone"))


def test_a_remote_that_does_not_answer_is_named(repository: Repository) -> None:
    """The error says which remote and branch, and what Git said."""
    git(repository.folder, "remote", "add", "origin", str(repository.folder / "nowhere"))
    with pytest.raises(RatchetError, match="origin/main failed"):
        follow.head(repository.settings)


def test_the_cursor_survives_a_restart(repository: Repository) -> None:
    """What was announced is read back as it was written."""
    settings = repository.settings
    assert follow.read_cursor(settings) is None
    cursor = follow.Cursor("c", ("a", "b"), 12.5)
    follow.write_cursor(settings, cursor)
    assert follow.read_cursor(settings) == cursor


def test_code_that_git_lfs_keeps_is_named(repository: Repository) -> None:
    """A commit that puts the domain into LFS is not taken for a new domain."""
    commit = repository.commit(
        {"bot/domain.yml": "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"}
    )
    with pytest.raises(RatchetError, match=r"^bot/domain.yml is a Git LFS pointer"):
        follow.compare(repository.settings, repository.first, commit)


INVALID = {
    "an unknown key": ("gate:\n  max_drop: 2\n", "gate.max_drop: no such key"),
    "a value out of bounds": ("gate:\n  drop_p: 7\n", "gate.drop_p"),
    "no YAML": ("gate: [\n", "is not valid YAML"),
    "no sections": ("- 1\n", "does not hold sections"),
}


@pytest.mark.parametrize("case", INVALID)
def test_a_commit_whose_params_are_not_valid_is_not_taken(
    repository: Repository, tmp_path: Path, case: str
) -> None:
    """The error names the commit and the key; the workspace stays usable, and takes the commit that corrects it."""
    git(tmp_path, "clone", "-q", str(repository.folder), "clone")
    clone = tmp_path / "clone"
    text, said = INVALID[case]
    wrong = repository.commit({"params.yaml": text})
    with pytest.raises(RatchetError) as refused:
        follow.fast_forward(clone)
    assert f"params.yaml of commit {wrong[:8]}" in refused.value.fact
    assert said in refused.value.fact
    assert repository.first[:8] in refused.value.remedy
    assert load_settings(clone).params.train.seed == 1
    right = repository.commit({"params.yaml": "train:\n  seed: 5\n"})
    assert follow.fast_forward(clone) == right
    assert load_settings(clone).params.train.seed == 5


def test_params_that_are_not_valid_here_do_not_hold_the_newest_commit_back(
    repository: Repository, tmp_path: Path
) -> None:
    """After an upgrade an old key may be unknown: the commit that takes it out has to be taken without settings."""
    repository.commit({"params.yaml": "gate:\n  old_key: 1\ntriggers:\n  branch: main\n"})
    git(tmp_path, "clone", "-q", str(repository.folder), "clone")
    right = repository.commit({"params.yaml": "train:\n  seed: 2\n"})
    assert follow.fast_forward(tmp_path / "clone") == right


def test_what_came_with_params_that_were_not_valid_is_announced_again_once_they_are(
    repository: Repository,
) -> None:
    """The run that the first announcement started could not use the commit; the data is not left to the schedule."""
    settings = repository.settings
    follow.write_cursor(settings, watch.look(settings).cursor)
    wrong = repository.commit({"data.dvc": "x", "params.yaml": "train:\n  sede: 1\n"})
    first = watch.look(settings)
    assert [event.payload["commit"] for event in first.events] == [wrong]
    follow.write_cursor(settings, first.cursor)
    repository.commit({"README.md": "still wrong"})
    still = watch.look(settings)
    assert not still.events
    follow.write_cursor(settings, still.cursor)
    right = repository.commit({"params.yaml": FILES["params.yaml"]})
    policy = settings.params.triggers.model_copy(update={"data_gap_seconds": 0})
    params = settings.params.model_copy(update={"triggers": policy})
    again = watch.look(settings.model_copy(update={"params": params}))
    assert [event.payload["commit"] for event in again.events] == [right]


def test_data_that_nobody_pushed_yet_is_waited_for(tmp_path: Path) -> None:
    """Code pushed before its data: no retrain is announced until the remote has it, and each look says why."""
    one, other = team(tmp_path)
    cursor = follow.Cursor(follow.head(one.settings))
    follow.write_cursor(one.settings, cursor)
    known = set((tmp_path / "remote" / "files" / "md5").rglob("*"))
    other.ingest(rows("laptop", 3, start=200))
    for path in set((tmp_path / "remote" / "files" / "md5").rglob("*")) - known:
        if path.is_file():
            moved = tmp_path / "late" / path.relative_to(tmp_path / "remote")
            moved.parent.mkdir(parents=True, exist_ok=True)
            path.rename(moved)
    other.git("push", "-q")
    news = watch.look(one.settings)
    assert news.events == ()
    assert "not in the DVC remote yet" in news.describe()
    follow.write_cursor(one.settings, news.cursor)
    shutil.copytree(tmp_path / "late", tmp_path / "remote", dirs_exist_ok=True)
    assert [event.name for event in watch.look(one.settings).events] == ["ratchet.data.changed"]
