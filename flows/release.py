"""release: authorise → package → stage → deploy → verify → record."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from flows.process import process
from ratchet.adapters.prefect.flow_runs import called, ended
from ratchet.adapters.registry import attempts
from ratchet.adapters.registry.attempts import Trying
from ratchet.adapters.registry.mlflow import CHAMPION
from ratchet.adapters.run import Run, begin, explained
from ratchet.domain.operations.summary import Outcome
from ratchet.domain.release.attempt import Attempt, Verb
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model
from tasks.corpus.sync import sync as take_newest
from tasks.release.again import again
from tasks.release.already import already
from tasks.release.authorise import authorise
from tasks.release.deploy import deploy
from tasks.release.give_up import give_up
from tasks.release.package import package
from tasks.release.record import record
from tasks.release.recover import recover
from tasks.release.rehearse import rehearse
from tasks.release.serve import serve
from tasks.release.stage import stage
from tasks.release.take_up import take_up
from tasks.release.verify import verify
from tasks.release.weigh import judged_already, weigh
from tasks.training.ask import ask
from tasks.training.play import play

T = TypeVar("T")


@process()
def release(
    version: str | None = None, workspace: str | None = None, trigger: str = "by hand", sync: bool = False
) -> Release:
    """Release a registered model with the code of the working tree.

    Args:
        version: The model's version; empty for one that may be released and is not live, because its release
            failed, and else for the champion, `champion` for that in any case: the code may differ in nothing
            that shapes it.
        workspace: The folder to work in; empty for the one that the worker serves.
        trigger: Why, for the record.
        sync: First bring the working tree to the newest commit of the tracked branch.
    """
    what, newest = f"A release{f' of {version}' if version else ''}", take_newest if sync else None
    named = version if version and version != CHAMPION else ""
    with (
        begin(workspace, what, trigger, newest=newest) as run,
        attempt(run, Verb.RELEASE, version=named) as tried,
    ):
        ready = recover.after(run.newest)(run)
        model = tried.of(authorise.after(ready)(run, wanted(run, version)))
        packaged = tried.of(package(run, model))
        if live := already(run, packaged):
            return ended(Outcome.UNCHANGED.state, live)
        if not judged_already(run, model, packaged):
            weigh(run, model, packaged, play(run, model, run.registry.champion()), ask(run, model))
        return ended(Outcome.RELEASED.state, bring_up(run, packaged))


def wanted(run: Run, version: str | None) -> str:
    """Return the version to release; a person's own is checked where it is authorised."""
    if not version:
        return take_up(run) or again(run)
    return again(run) if version == CHAMPION else version


def bring_out(run: Run, model: Model) -> Release:
    """Release a model that may be released: the second half of `retrain`, too."""
    with attempt(run, Verb.RELEASE) as tried:
        return bring_up(run, tried.of(package(run, tried.of(model))))


@contextlib.contextmanager
def attempt(run: Run, verb: Verb, **known: str) -> Iterator[Trying]:
    """Keep what is tried here where it fails, is interrupted, or its process is killed."""
    begun = Attempt(verb, attempts.now(), trigger=run.trigger, **known, **called())
    with attempts.trying(run.settings, run.name, begun) as tried:
        try:
            with explained():
                yield tried
        except BaseException as error:
            tried.ended = True
            with contextlib.suppress(Exception):  # the first error is the one to tell
                give_up(run, tried.made, error)
            raise


def bring_up(run: Run, packaged: Release, load: bool = True) -> Release:
    """Bring a packaged release to the fleet: all of `rollback`, too. On an error the old one serves again."""
    if load or run.target.needs_staging:
        stage(run, packaged, load)
    return record(run, or_back(run, lambda: served(run, packaged, load)))


def served(run: Run, packaged: Release, load: bool) -> Release:
    """Give a staged release the traffic, and see that it has it."""
    deploy(run, packaged)
    verify(run, packaged)
    return rehearse(run, packaged) if load and run.settings.params.rollout.rehearse else packaged


def or_back(run: Run, work: Callable[[], T]) -> T:
    """Do what changes who serves; on an error bring the recorded release back, which is an attempt of its own."""
    try:
        return work()
    except Exception as error:
        failed = error
    with contextlib.suppress(Exception), attempt(run, Verb.SERVE):  # the first error is the one to raise
        recover(run, killed=False)
        serve(run)
    raise failed
