"""Answers: what the bot says to each intent and to whom, changed in place and published by a release of the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.responses import Response

from ratchet.adapters.bot import answers
from ratchet.adapters.bot.answers import NEW, Answer, Domain, Key, digest_of, missing
from ratchet.adapters.page import edits, publishing
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door
from ratchet.adapters.page.edits import Changed, Row
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.people import Role

ANSWERS, CHANGES = "/answers", "/answers/changes"
MOST_TEXT, MOST_NAME, MOST_ROWS = 5000, 300, 200


def add_to(door: Door) -> None:
    """Add the page."""
    door.menu("Answers", ANSWERS)
    door.page(ANSWERS, Role.READ, show)
    door.page(CHANGES, Role.READ, changes)
    door.page("/answers/edit", Role.LABEL, edit)
    door.page("/answers/new", Role.LABEL, new)
    door.page("/answers/cell", Role.READ, cell)
    door.act("/answers/save", Role.LABEL, save)
    door.act("/answers/back", Role.LABEL, back)
    door.act("/answers/publish", Role.RELEASE, publish)
    door.act("/answers/again", Role.RELEASE, again)


def show(call: Call) -> Response:
    """Show the table, or what of it has the words that were looked for."""
    domain, rows = edits.read(call.settings)
    words = call.query.get("find", "")[:MOST_NAME]
    found = [row for row in rows if fits(row, words)]
    named = {row.answer.intent for row in rows}
    shown = found[:MOST_ROWS]
    responses = {(row.answer.file, row.answer.name) for row in shown}
    return call.show(
        "answers.html",
        title="Answers",
        groups=grouped(shown),
        more=max(len(found) - MOST_ROWS, 0),
        find=words,
        changed=sum(row.edit is not None for row in rows) + len(edits.lost(call.settings, rows)),
        open={response: bool(places(call, domain, *response)) for response in responses},
        without=[one for one in domain.intents if one not in named],
        **shared(call),
    )


def fits(row: Row, words: str) -> bool:
    """Say whether each of the words is somewhere in a row."""
    text = " ".join([row.answer.name, row.answer.said_people, row.text, row.answer.text or ""]).lower()
    return all(word in text for word in words.lower().split())


def grouped(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return the rows by the intent that they are named after, in the files' order."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.answer.intent, []).append(row)
    return list(groups.items())


def shared(call: Call) -> dict[str, Any]:
    """Return what each template needs."""
    return {
        "label_role": Role.LABEL,
        "release_role": Role.RELEASE,
        "zone": call.settings.params.triggers.time_zone,
        "unfinished": publishing.unfinished(call.settings),
    }


def key_of(call: Call, file: str, name: str, place: str) -> Key:
    """Return the key of an answer that a request names; raises `UsageError` for one that cannot be."""
    slot, sign, value = place.partition("=")
    allowed = call.settings.params.corpus.context.get(slot) or () if sign else ()
    if not (place.isascii() and place.isdecimal() and len(place) < 6) and value not in allowed:
        raise UsageError("That is no answer's place.", "Load the list of answers again.")
    return file, name, place


def places(call: Call, domain: Domain, file: str, name: str) -> dict[str, str]:
    """Return the context values for which a response has no answer of its own: place, and how it is called."""
    return {
        f"{slot}={value}": f"{slot} {value}"
        for slot, allowed in call.settings.params.corpus.context.items()
        if slot in domain.slots
        for value in allowed or ()
        if missing(domain, file, name, slot, value)
    }


def asked(call: Call) -> Row:
    """Return the row that a query names."""
    named = call.query
    return edits.row_of(
        call.settings, key_of(call, named.get("file", ""), named.get("name", ""), named.get("place", ""))
    )


def written(call: Call) -> Key:
    """Return the key that a form names."""
    file, name = (call.needed(one, "The answer", MOST_NAME) for one in ("file", "name"))
    return key_of(call, file, name, call.text("place", MOST_NAME))


def edit(call: Call) -> Response:
    """Show the form for one answer."""
    row = asked(call)
    return form(call, row, row.text)


def new(call: Call) -> Response:
    """Show the form for an answer that a response does not have yet."""
    file, name = call.query.get("file", ""), call.query.get("name", "")
    found = places(call, answers.read(call.settings.bot), file, name)
    if not found:
        raise UsageError("This has an answer for each context value.", "Change that one.")
    first = next(iter(found))
    row = Row(Answer(file, name, first, "", (found[first],), NEW))
    return form(call, row, "", choices=found)


def form(
    call: Call,
    row: Row,
    text: str,
    status: int = 200,
    fault: Changed | None = None,
    choices: Mapping[str, str] | None = None,
) -> Response:
    """Show a form with a text in it, and why it is not saved."""
    template = "answer_form.html" if call.partial else "answer_edit.html"
    given = {"row": row, "text": text, "fault": fault, "most": MOST_TEXT, "choices": choices or {}}
    return call.show(template, status, title="Change an answer", **given, **shared(call))


def cell(call: Call) -> Response:
    """Show one answer as the table has it: who changes their mind gets it back."""
    return call.show("answer_cell.html", row=asked(call), **shared(call))


def save(call: Call) -> Done:
    """Note another text for an answer; what someone else wrote meanwhile is shown beside it, and nothing is lost."""
    key = written(call)
    text = call.needed("text", "The answer", MOST_TEXT).replace("\r\n", "\n")
    now = call.site.clock()
    try:
        row = edits.save(call.settings, key, call.text("seen", 20), text, call.person.name, now)
    except Changed as error:
        said = f"did not change {key[1]}: it was changed meanwhile"
        return Done(said, ANSWERS, in_place(form(call, error.row, text, 409, error)), whole=True)
    said = f"changed {key[1]}; it is live once it is published" if row.edit else f"left {key[1]} as it is"
    return Done(said, ANSWERS, in_place(call.show("answer_cell.html", row=row, **shared(call))))


def in_place(piece: Response) -> Response:
    """Let htmx put a piece where the form is; a refusal comes into the form, which keeps what was written."""
    piece.headers["hx-retarget"], piece.headers["hx-reswap"] = "this", "outerHTML"
    return piece


def back(call: Call) -> Done:
    """Forget a change that is not published."""
    key = written(call)
    edits.take_back(call.settings, key)
    return Done(f"took the change of {key[1]} back", CHANGES)


def changes(call: Call) -> Response:
    """Show what would be published: each text before and after, and the difference in the files."""
    _, rows = edits.read(call.settings)
    edited = [row for row in rows if row.edit]
    diff = publishing.difference(publishing.new_texts(call.settings, edited))
    return call.show(
        "answer_changes.html",
        title="Changed answers",
        rows=edited,
        lost=edits.lost(call.settings, rows),
        diff=diff,
        seen=digest_of(diff),
        blocked=any(row.old for row in edited),
        **shared(call),
    )


def publish(call: Call) -> Done:
    """Commit the changes and release the live model with them."""
    job = publishing.publish(call.settings, call.needed("seen", "What you saw", 20), call.person.name)
    return Done(f"started: {job.what}", f"/jobs/{job.id}")


def again(call: Call) -> Done:
    """Release answers that are committed and not live; raises `UsageError` where there are none."""
    if publishing.unfinished(call.settings) is None:
        raise UsageError("No release of answers has failed.", "Change an answer, and publish it.")
    publishing.require_quiet(call.settings)
    job = publishing.start(call.settings, "The release of the changed answers", call.person.name)
    return Done(f"started: {job.what}", f"/jobs/{job.id}")
