"""Follow a branch: which commits are new since the last look, and what they touch."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ratchet.adapters.bot import bot_code, framework
from ratchet.adapters.settings import Settings, parse_params, read_params, validate_params
from ratchet.adapters.system import commands
from ratchet.adapters.system.files import read_record, refuse_pointers, write_json
from ratchet.adapters.system.git import git
from ratchet.adapters.triggers import force_push
from ratchet.domain.errors import RatchetError
from ratchet.domain.operations.triggers import Change, Cursor, is_data, is_served
from ratchet.domain.release.training import fingerprint

FETCH_SECONDS = 120.0
NO_QUESTIONS = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
MOST_BACK = 50
"""Changes of `params.yaml` that are gone back through to find one that was valid."""
BOT_CODE = ("bot/", f"{framework.PACKAGE}/")
SHAPING_SECTIONS = ("corpus", "split", "train")
"""Sections of `params.yaml` that a model depends on."""


class RemoteSilent(RatchetError):
    """The Git remote did not answer, or refused."""


@dataclass(frozen=True)
class Upstream:
    """The branch of a Git remote that the workspace follows."""

    remote: str
    branch: str

    def __str__(self) -> str:
        return f"{self.remote}/{self.branch}"


def upstream(settings: Settings) -> Upstream | None:
    """Return what the workspace follows; None without a remote: then its own commits count."""
    return followed_by(settings.workspace, settings.params.triggers.branch)


def followed_by(workspace: Path, branch: str | None) -> Upstream | None:
    """Return the branch that a workspace follows, by default the one that is checked out; None without a remote."""
    remotes = git(workspace, "remote").split()
    if not remotes:
        return None
    branch = branch or git(workspace, "rev-parse", "--abbrev-ref", "HEAD")
    set_up = commands.run(["git", "config", f"branch.{branch}.remote"], cwd=workspace, check=False)
    remote = set_up.output.strip() or ("origin" if "origin" in remotes else remotes[0])
    return Upstream(remote, branch)


def head(settings: Settings) -> str:
    """Return the newest commit of what is followed; raises `RemoteSilent` when the remote does not answer."""
    return newest_of(settings.workspace, upstream(settings))


def newest_of(workspace: Path, followed: Upstream | None) -> str:
    """Return the newest commit of a branch, or of the workspace itself; raises as `head` does."""
    if followed is None:
        return git(workspace, "rev-parse", "HEAD")
    # Nothing but objects is written: the watcher and a run, at the same time, would disturb each other in FETCH_HEAD
    # and in the lock of the remote-tracking branch.
    branch = f"refs/heads/{followed.branch}"
    said = ask(workspace, followed, "ls-remote", followed.remote, branch)
    found = [line.split("\t")[0] for line in said.splitlines() if line.endswith(f"\t{branch}")]
    if not found:
        raise RemoteSilent(
            f"{followed.remote} has no branch {followed.branch}.",
            "Push it there, or name the one to follow: triggers.branch in params.yaml.",
        )
    [newest] = found
    if commands.run(["git", "cat-file", "-e", f"{newest}^{{commit}}"], cwd=workspace, check=False).code:
        words = ("fetch", "--quiet", "--no-write-fetch-head", "--refmap=", followed.remote, branch)
        ask(workspace, followed, *words)
    return newest


def ask(workspace: Path, followed: Upstream, *words: str) -> str:
    """Run a Git command that speaks with the remote, and never asks for a password; returns its output."""
    try:
        argv = ["git", *words]
        return commands.run(argv, cwd=workspace, env=NO_QUESTIONS, timeout=FETCH_SECONDS).output
    except commands.CommandFailed as error:
        said = error.completed.output.strip().splitlines() or [error.fact]
        raise RemoteSilent(
            f"`git {words[0]}` with {followed} failed: {said[-1]}",
            "Check the remote, the branch (triggers.branch in params.yaml) and this machine's right to it.",
        ) from error


def fast_forward(workspace: Path) -> str:
    """Bring the working tree to the newest commit of what is followed, and return that commit.

    Needs no settings, which may come with that commit only. Raises `RatchetError` when the working tree has
    commits or changes of its own that are in the way, or when the newest commit's `params.yaml` is not valid:
    the working tree then stays where it is, so that the commit that corrects it can be taken.
    """
    followed = followed_by(workspace, branch_named(workspace))
    newest = newest_of(workspace, followed)
    if followed is None:
        return newest
    if newest != git(workspace, "rev-parse", "HEAD"):
        require_params(workspace, newest)
    merged = commands.run(["git", "merge", "--ff-only", "--quiet", newest], cwd=workspace, check=False)
    if merged.code != 0:
        force_push.refuse(workspace, followed.remote, followed.branch, newest)
        raise RatchetError(
            f"The workspace cannot go forward to {newest[:8]}: {merged.output.strip().splitlines()[-1]}",
            "Push or undo what was committed or changed in it by hand; a service wants a clone of its own.",
        )
    return git(workspace, "rev-parse", "HEAD")


def branch_named(workspace: Path) -> str | None:
    """Return `triggers.branch` of the working tree, also where something else in `params.yaml` is not valid."""
    try:
        branch = (read_params(workspace / "params.yaml").get("triggers") or {}).get("branch")
    except (RatchetError, AttributeError):
        return None
    return branch if isinstance(branch, str) else None


def require_params(workspace: Path, commit: str) -> None:
    """Raise `RatchetError`, naming the commit, unless its `params.yaml` is valid."""
    where = f"params.yaml of commit {commit[:8]}"
    shown = commands.run(["git", "show", f"{commit}:./params.yaml"], cwd=workspace, check=False)
    try:
        if shown.code != 0:
            raise RatchetError(f"{where} is missing.")
        validate_params(parse_params(shown.output, where), where)
    except RatchetError as error:
        raise RatchetError(
            error.fact,
            "Correct it and push: the next run takes that commit. Until then the workspace stays at "
            f"{git(workspace, 'rev-parse', '--short=8', 'HEAD')}.",
        ) from error


def usable(workspace: Path, commit: str) -> bool:
    """Say whether a run could take a commit: its `params.yaml` is valid."""
    try:
        require_params(workspace, commit)
    except RatchetError:
        return False
    return True


def last_usable(workspace: Path, commit: str) -> str:
    """Return the commit itself where a run could take it, else the newest before it that a run could."""
    if usable(workspace, commit):
        return commit
    argv = ["git", "rev-list", f"--max-count={MOST_BACK}", commit, "--", "params.yaml"]
    for touching in commands.run(argv, cwd=workspace, check=False).output.split():
        before = f"{touching}^"
        if usable(workspace, before):
            return git(workspace, "rev-parse", before)
    return commit


def publish(settings: Settings) -> None:
    """Push the workspace's commits to what is followed; without a remote there is nothing to do."""
    if followed := upstream(settings):
        ask(settings.workspace, followed, "push", "--quiet", followed.remote, f"HEAD:{followed.branch}")


def compare(settings: Settings, old: str, new: str) -> Change:
    """Say what the step from one commit to another touches; a lost `old` counts as an empty tree."""
    workspace = settings.workspace
    known = commands.run(["git", "cat-file", "-e", f"{old}^{{commit}}"], cwd=workspace, check=False).code == 0
    diff = ("diff", "--name-only", "--relative", old, new) if known else ("ls-tree", "-r", "--name-only", new)
    paths = git(workspace, *diff).splitlines()
    data = [path for path in paths if is_data(path)]
    served = [path for path in paths if is_served(path)]
    candidates = [path for path in paths if path.startswith(BOT_CODE) or path == "params.yaml"]
    shaping = bool(candidates) and (not known or shape(workspace, old) != shape(workspace, new))
    code = served or (candidates if shaping else [])
    span = f"{old}..{new}" if known else new
    return Change(
        data=newest(workspace, span, data) or (new if data else ""),
        code=newest(workspace, span, code) or (new if code else ""),
        shaping=shaping,
        paths=tuple(paths),
    )


def newest(workspace: Path, span: str, paths: Sequence[str]) -> str:
    """Return the newest commit of a span that touches one of the paths, "" when there is none."""
    return git(workspace, "log", "-1", "--format=%H", span, "--", *paths) if paths else ""


def shape(workspace: Path, commit: str) -> str:
    """Return one digest over all in a commit that shapes the model: bot, lock and parts of the policy."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = folder / "commit.tar"
        git(workspace, "archive", "--output", str(archive), commit)
        with tarfile.open(archive) as content:
            content.extractall(folder, filter="data")
        refuse_pointers(bot_code.code_files(folder / "bot").values(), folder)
        params = folder / "params.yaml"
        policy = read_params(params) if params.exists() else {}
        sections = {name: policy.get(name) for name in SHAPING_SECTIONS}
        return fingerprint(
            {
                "bot": bot_code.shaping_hash(folder / "bot"),
                "lock": bot_code.lock_hash(folder / "bot"),
                "params": json.dumps(sections, sort_keys=True, default=str),
            }
        )


def cursor_file(settings: Settings) -> Path:
    """The file that says how far was looked."""
    return settings.state / "watch" / "cursor.json"


def read_cursor(settings: Settings) -> Cursor | None:
    """Return how far was looked; None before the first look."""
    remedy = (
        "Delete it: watching starts over with the newest commit; retrain by hand if something was missed."
    )
    return read_record(cursor_file(settings), Cursor.from_dict, remedy)


def write_cursor(settings: Settings, cursor: Cursor) -> None:
    """Remember how far was looked; to be called once the events have been taken by the server."""
    if cursor != read_cursor(settings):
        write_json(cursor_file(settings), cursor.as_dict())
