"""Label: messages of production with the bot's guess, similar ones together, shared out among the people who label."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi.responses import Response

from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import corrections, known, label_files, label_intent, new_intents, settling, taking
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.corrections import Row
from ratchet.adapters.page.door import Door
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import UsageError
from ratchet.domain.operations import worklist
from ratchet.domain.operations.labelling import Mark
from ratchet.domain.operations.people import Role
from ratchet.domain.operations.worklist import Group, Lease, Message, State
from ratchet.domain.wording import count

LABEL = "/label"
MOST_GROUPS, MOST_WORDS = 10, 200
SHOWN = {"open": State.OPEN, "unsure": State.UNSURE, "labelled": State.LABELLED, "taken": State.TAKEN}
"""What can be looked at, by its name in an address."""


class Label:
    """The page; `leases` say who works on which messages now, and are lost with the server, which costs nothing."""

    def __init__(self, door: Door) -> None:
        self.leases: dict[str, Lease] = {}
        self.lock = threading.Lock()
        door.site.warm.append(lambda: worklist.likenesses(["first", "second"]))
        door.menu("Label", LABEL)
        door.page(LABEL, Role.READ, self.show)
        door.page("/label/card", Role.LABEL, card)
        door.act("/label/give", Role.LABEL, give)
        door.act("/label/unsure", Role.LABEL, unsure)
        door.act("/label/undo", Role.LABEL, undo)
        door.act("/label/draw", Role.LABEL, draw)
        door.act("/label/take", Role.LABEL, take)

    def show(self, call: Call) -> Response:
        """Show the messages that the person gets, or those with the words that were looked for."""
        noted = (
            corrections.read(call.settings) if call.may(Role.LABEL) else []
        )  # notes what came into the corpus
        path = sample_of(call.settings, call.query.get("sample", ""))
        found = known.sample(call.settings, path) if path else []
        state = SHOWN.get(call.query.get("state", ""), State.OPEN)
        words = call.query.get("find", "")[:MOST_WORDS]
        fitting = [one for one in found if one.state is state and fits(one, words)]
        onward = worklist.after(worklist.groups(fitting), found, call.query.get("after", ""))
        waiting = first(onward, found, call.query.get("at", ""))
        given = self.shared_out(call, waiting, state is State.OPEN)
        return call.show(
            "label.html",
            title="Label",
            groups=given.groups,
            others=given.others,
            left=len(waiting),
            find=words,
            state=state,
            states=SHOWN,
            search=known.search(call.settings, words) if words else None,
            samples=[one.parent.name for one in labels.newest_samples(call.settings)],
            **shared(call, path),
            **tally(call, path, found, noted),
        )

    def shared_out(self, call: Call, waiting: Sequence[Group], share: bool) -> worklist.Offered:
        """Return the groups for a person who labels, who has them alone for some minutes; the first ones for others."""
        if not (share and call.may(Role.LABEL)) or "all" in call.query:
            return worklist.Offered(tuple(waiting[:MOST_GROUPS]), {})
        who, now = call.person.name, call.site.clock()
        with self.lock:
            found = worklist.offered(waiting, self.leases, who, now, MOST_GROUPS)
            self.leases = worklist.leased(self.leases, found.groups, who, now)
        return found


def add_to(door: Door) -> None:
    """Add the page."""
    Label(door)
    label_files.add_to(door)
    label_intent.add_to(door)


def sample_of(settings: Settings, name: str) -> Path | None:
    """Return the sample of a harvest, the newest one without a name; None where there is none."""
    found = labels.newest_samples(settings)
    return next(
        (path for path in found if path.parent.name == name), found[0] if found and not name else None
    )


def needed_sample(call: Call) -> Path:
    """Return the sample that a form names; raises `UsageError` where it is not there."""
    path = sample_of(call.settings, call.needed("sample", "The sample", 60))
    if path is None:
        raise UsageError("That sample is not there any more.", "Load the page again.")
    return path


def fits(one: Message, words: str) -> bool:
    """Say whether each of the words is somewhere in a message, its context or its intents."""
    text = " ".join([one.text, one.said_context, one.guess, one.candidate, one.mark.intent]).lower()
    return all(word in text for word in words.lower().split())


def first(groups: Sequence[Group], found: Sequence[Message], key: str) -> list[Group]:
    """Return the groups with the one that has a message at the front, by itself where no group has it."""
    own = [group for group in groups if any(one.key == key for one in group)]
    alone = [(one,) for one in found if one.key == key] if not own else []
    return [*own, *alone, *(group for group in groups if group not in own)]


def shared(call: Call, path: Path | None) -> dict[str, Any]:
    """Return what each template needs."""
    return {
        "sample": path.parent.name if path else "",
        "label_role": Role.LABEL,
        "intents": new_intents.names(call.settings),
        "State": State,
    }


def tally(call: Call, path: Path | None, found: Sequence[Message], noted: Sequence[Row]) -> dict[str, Any]:
    """Return what the part needs that says how far the work is."""
    if not call.may(Role.LABEL):
        return {"counted": worklist.counts(found), "ready": None, "last": None}
    return {
        "counted": worklist.counts(found),
        "ready": taking.ready(call.settings, noted),
        "last": labels.last(path, call.person.name) if path else None,
        "least": call.settings.params.validation.minimum_examples,
    }


def card(call: Call) -> Response:
    """Show the form for one message again, whatever its label is."""
    path = sample_of(call.settings, call.query.get("sample", ""))
    found = known.sample(call.settings, path) if path else []
    group = tuple(one for one in found if one.key == call.query.get("message", ""))
    if not group:
        raise UsageError("That message is not in the sample any more.", "Load the page again.")
    return call.show("label_card.html", group=group, begins=False, **shared(call, path))


def give(call: Call) -> Done:
    """Give the chosen messages of a group an intent."""
    pressed, typed = call.text("intent", MOST_WORDS), call.text("typed", MOST_WORDS)
    if pressed and typed and pressed != typed:
        raise UsageError(
            f"Two intents are chosen: {pressed} and {typed}.", "Empty the field, or press Enter in it."
        )
    intent = pressed or call.needed("typed", "The intent", MOST_WORDS)
    settling.known_intent(call.settings, intent)
    return marked(call, Mark(intent, call.person.name), f"as {intent}")


def unsure(call: Call) -> Done:
    """Put the chosen messages of a group aside, for another person."""
    return marked(call, Mark(unsure=call.person.name), "as not sure")


def marked(call: Call, mark: Mark, how: str) -> Done:
    """Give the chosen messages a mark; those that someone else labelled meanwhile keep theirs, and are shown."""
    path, seen = needed_sample(call), chosen(call)
    given = labels.give(path, seen, dict.fromkeys(seen, mark), call.person.name)
    corrections.drop(call.settings, {one.key for one in given.done})
    said = f"marked {count(len(given.done), 'message')} {how}"
    if given.passed:
        said += f"; {count(len(given.passed), 'message')} had been labelled meanwhile, and stays so"
    rest_keys = set(call.fields.get("shown", [])) - set(seen)
    found = known.sample(call.settings, path)
    piece = call.show(
        "label_done.html",
        given=given,
        rest=tuple(one for one in found if one.key in rest_keys and one.state is State.OPEN),
        **shared(call, path),
        **tally(call, path, found, corrections.read(call.settings)),
    )
    piece.headers["hx-retarget"], piece.headers["hx-reswap"] = "this", "outerHTML"
    return Done(said, to(path, given.passed[0].key if given.passed else ""), piece)


def to(path: Path, key: str = "") -> str:
    """Return the address of a sample's page, with one message first."""
    return f"{LABEL}?sample={path.parent.name}{f'&at={key}' if key else ''}"


def chosen(call: Call) -> Mapping[str, str]:
    """Return the chosen messages of a form by key, with how each looked; raises `UsageError` where there is none."""
    pairs = [str(one).partition(":") for one in call.fields.get("message", [])]
    found = {key: seen for key, _, seen in pairs}
    if not found:
        raise UsageError("No message is chosen.", "Choose at least one.")
    return found


def undo(call: Call) -> Done:
    """Take the person's last step back."""
    path = needed_sample(call)
    step = labels.undo(path, call.person.name, call.needed("step", "The step", 20))
    return Done(f"took {count(len(step.before), 'label')} back", to(path, next(iter(step.before))))


def draw(call: Call) -> Done:
    """Draw a new sample of messages."""
    from ratchet.adapters.page import jobs

    job = jobs.start(call.settings, "Drawing messages to label", ["harvest"], call.person.name)
    return Done(f"started: {job.what}", f"/jobs/{job.id}")


def take(call: Call) -> Done:
    """Take what is labelled into the corpus, as one commit."""
    job = taking.take(call.settings, call.person.name)
    return Done(f"started: {job.what}", f"/jobs/{job.id}")
