"""`ratchet data merge`: find what separates two people's data, then merge, store, push and commit it.

Five situations, looked for in this order: Git could not merge `data.dvc`; a merge was done and not committed; a
revision is named; `data/` holds what `data.dvc` does not; a merge in Git's history took one side's data and left the
other's. Each step can be repeated: the result depends on the data alone, so a run after a kill ends with the same
revision.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from ratchet.adapters.corpus import (
    data_folder,
    driver,
    dvc,
    following,
    lost_sides,
    made_from,
    merging,
    uncommitted,
)
from ratchet.adapters.corpus.following import Local
from ratchet.adapters.corpus.merging import Revisions, Say
from ratchet.adapters.settings import STATE_FOLDER, Settings
from ratchet.adapters.system import commands, git, git_state
from ratchet.domain.corpus.merge import Account, MergedCorpora
from ratchet.domain.corpus.questions import Answers, Question
from ratchet.domain.errors import RatchetError
from ratchet.domain.record import Record

POINTER = f"./{dvc.POINTER}"
NO_DRIVER = ("-c", f"merge.{driver.NAME}.driver=false")
"""For Git while Ratchet itself calls it: the merge of the data follows in this process, which holds the lock."""


@dataclass(frozen=True)
class Outcome(Record):
    """What came of a merge.

    `state`: `merged` (and committed), `asked` (`questions` wait in `file`), `waits` (`left` are files that Git could
    not merge either; the data is merged), `carried` (rows edited by hand are on top of the new ones), `nothing`.
    `skipped` is a file with the messages that an answer left out.
    """

    state: str
    revision: str = ""
    commit: str = ""
    account: Account | None = None
    questions: tuple[Question, ...] = ()
    file: str = ""
    skipped: str = ""
    left: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def merge(settings: Settings, answers: Answers, wanted: str | None, say: Say) -> Outcome:
    """Find what is to be merged, and merge it; the workspace's lock is held by the caller."""
    workspace = settings.workspace
    data_folder.recover(workspace)
    if wanted and not git_state.operation(workspace):
        begin(workspace, wanted)
    if found := in_conflict(workspace):
        return resolve(settings, found, answers, say)
    if uncommitted.message(workspace) and git.changed(workspace, dvc.POINTER):
        return finish(settings, Outcome("merged", revision=dvc.revision(workspace)), answers)
    if git_state.operation(workspace) == "merge":
        return conclude(settings, Outcome("merged"), subject(workspace), answers)
    local = following.look(workspace)
    if local.local in (Local.UNCOMMITTED, Local.EDITED_BEHIND):
        return carry(settings, local, answers, say)
    following.bring_along(workspace, say)
    if lost := lost_sides.find(settings):
        return resolve(settings, lost.revisions, answers, say)
    return Outcome("nothing", revision=dvc.revision(workspace))


def begin(workspace: Path, wanted: str) -> None:
    """Let Git merge a revision up to its commit; conflicts stay for what follows."""
    following.bring_along(workspace)
    git.resolve(workspace, wanted)
    argv = ["git", *NO_DRIVER, *git.identity(workspace), "merge", "--no-ff", "--no-commit", wanted]
    done = commands.run(argv, cwd=workspace, env=git_state.QUIET, check=False)
    if done.code != 0 and not git_state.unmerged(workspace):
        raise RatchetError(
            f"Git cannot merge {wanted}: {' '.join(done.output.split())[:300]}",
            "Do what Git says, then run the same command again.",
        )


def in_conflict(workspace: Path) -> Revisions | None:
    """Return the revisions of `data.dvc` that Git could not merge; None where it could."""
    stages = git_state.stages(workspace, dvc.POINTER)
    if not stages:
        return None
    found = {}
    for stage, text in stages.items():
        try:
            found[stage] = dvc.parse_pointer(text, f"{dvc.POINTER} of stage {stage}").revision
        except dvc.Conflicted:  # the merge of several common ancestors; one of them will do
            found[stage] = ""
    base = found.get(1, "") or ancestor(workspace)
    # where one side deleted data.dvc, the other's data stays: no one loses messages by that
    return Revisions(base, found.get(2) or found[3], found.get(3) or found[2])


def ancestor(workspace: Path) -> str:
    """Return the data revision of a common ancestor of what is merged, "" where there is none."""
    argv = ["git", "merge-base", "--all", "HEAD", "MERGE_HEAD"]
    for commit in commands.run(argv, cwd=workspace, check=False).output.split():
        try:
            return dvc.revision(workspace, commit)
        except RatchetError:
            continue
    return ""


def resolve(settings: Settings, found: Revisions, answers: Answers, say: Say) -> Outcome:
    """Merge two revisions into one, put it in the place of `data/` and commit; or write the questions."""
    workspace = settings.workspace
    require_nothing_local(workspace, found)
    done, notes = merging.combine(settings, found, answers, say)
    if done.questions:
        return asked(settings, done, notes)
    say("storing the merged data")
    pointer = merging.store(settings)
    skipped = merging.keep_skipped(settings, done.skipped, pointer.revision)
    body = "\n".join([*done.account.lines(), *notes])
    parts = dict.fromkeys((subject(workspace), done.account.headline(), body))
    message = "\n\n".join(part for part in parts if part)
    uncommitted.note(workspace, pointer.revision, message)
    data_folder.swap(workspace, pointer)
    merging.questions_file(settings).unlink(missing_ok=True)
    outcome = Outcome(
        "merged", pointer.revision, account=done.account, skipped=str(skipped or ""), notes=tuple(notes)
    )
    return finish(settings, outcome, answers)


def require_nothing_local(workspace: Path, found: Revisions) -> None:
    """Raise `RatchetError` where `data/`, which is about to be replaced, holds what no commit has."""
    data = workspace / dvc.FOLDER
    if not data.is_dir():
        return
    here = dvc.describe(workspace, data).revision
    unfinished = here == data_folder.named(workspace) and uncommitted.message(workspace)
    if here in (found.ours, found.theirs) or unfinished or git_state.known_anywhere(workspace, here, POINTER):
        return
    raise RatchetError(
        "data/ holds rows that are in no commit, and the merge would replace them.",
        f"Put it aside with `{dvc.RESET} --data-only`, run `{following.MERGE}` again, then take them in from there:"
        f" `ratchet ingest {STATE_FOLDER}/{following.ASIDE}/*/data/utterances.csv`.",
    )


def subject(workspace: Path) -> str:
    """Return the first line of the message that Git proposes for the merge, "" outside of one."""
    path = git_state.path_of(workspace, "MERGE_MSG")
    if git_state.operation(workspace) != "merge" or not path.is_file():
        return ""
    return next(iter(path.read_text(encoding="utf-8", errors="replace").splitlines()), "")


def finish(settings: Settings, outcome: Outcome, answers: Answers) -> Outcome:
    """Tell Git that `data.dvc` is resolved, and commit or continue with what Git is in the middle of."""
    workspace = settings.workspace
    git.git(workspace, "add", "--", dvc.POINTER)
    return conclude(settings, outcome, uncommitted.message(workspace) or "Data: merged", answers)


def conclude(settings: Settings, outcome: Outcome, message: str, answers: Answers) -> Outcome:
    """Commit a merge, or let Git continue with a rebase; where other files wait for a person, name them."""
    workspace = settings.workspace
    if left := git_state.unmerged(workspace):
        return replace(outcome, state="waits", left=tuple(left))
    match going_on := git_state.operation(workspace):
        case "":
            uncommitted.commit(workspace, message)
        case "merge":
            git.record(workspace, message or "Merge")
            uncommitted.note_file(workspace).unlink(missing_ok=True)
        case _:
            uncommitted.note_file(workspace).unlink(missing_ok=True)
            if not git_state.proceed(workspace, going_on, *NO_DRIVER) and (
                left := git_state.unmerged(workspace)
            ):
                if git_state.stages(workspace, dvc.POINTER):
                    return merge(settings, answers, None, lambda text: None)
                return replace(outcome, state="waits", left=tuple(left))
            following.bring_along(workspace)
            if still := git_state.operation(workspace):
                outcome = replace(
                    outcome, notes=(*outcome.notes, f"Git stopped in a {still}: see `git status`.")
                )
    return replace(outcome, commit=git.git(workspace, "rev-parse", "HEAD"), revision=dvc.revision(workspace))


def carry(settings: Settings, found: following.State, answers: Answers, say: Say) -> Outcome:
    """Merge what only this clone's `data/` holds with what `data.dvc` names now.

    An ingest that was not committed becomes part of a new revision, which is committed. Rows edited by hand are put on
    top of the new messages, still as edits: the next ingest checks them and gives them their sides.
    """
    workspace = settings.workspace
    wanted = dvc.revision(workspace)
    if found.local is Local.UNCOMMITTED:
        return resolve(
            settings, Revisions(made_from.committed(workspace), found.revision, wanted), answers, say
        )
    done, notes = merging.lay_on_top(settings, found.base, wanted, answers, say)
    if done.questions:
        return asked(settings, done, notes)
    data_folder.carry(workspace, wanted)
    merging.questions_file(settings).unlink(missing_ok=True)
    return Outcome("carried", revision=wanted, account=done.account, notes=tuple(notes))


def asked(settings: Settings, done: MergedCorpora, notes: list[str]) -> Outcome:
    """Write the questions to a file."""
    path = merging.ask(settings, done.questions)
    return Outcome(
        "asked", account=done.account, questions=done.questions, file=str(path), notes=tuple(notes)
    )
