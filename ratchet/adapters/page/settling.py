"""What a person does about an answer in *Try it*: label the message, and never let it go wrong again."""

from __future__ import annotations

from fastapi.responses import Response

from ratchet.adapters.page import corrections, known, new_intents, taking
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door
from ratchet.adapters.settings import Settings
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.people import Role

MOST_TEXT = 1000
TRY = "/try"


def add_to(door: Door) -> None:
    """Add the acts."""
    door.act("/try/wrong", Role.LABEL, wrong)
    door.act("/try/never", Role.LABEL, never)
    door.act("/try/forget", Role.LABEL, forget)
    door.act("/try/take", Role.LABEL, take)


def context_of(call: Call) -> dict[str, str]:
    """Return the context that the form states; raises `UsageError` for a value that params.yaml does not allow."""
    found: dict[str, str] = {}
    for name, allowed in call.settings.params.corpus.context.items():
        value = call.text(f"context-{name}", 200)
        if value and allowed is not None and value not in allowed:
            raise UsageError(f"{value!r} is no {name}.", f"params.yaml allows {', '.join(allowed)}.")
        if value:
            found[name] = value
    return found


def intents_of(settings: Settings) -> list[str]:
    """Return the intents of the corpus, those that people made on the page, and out of scope."""
    return new_intents.names(settings)


def judged(call: Call) -> tuple[str, str, dict[str, str]]:
    """Return message, right intent and context of a form; raises `UsageError` for an intent that there is not."""
    text = call.needed("message", "The message", MOST_TEXT)
    intent = call.needed("intent", "The right intent", 200)
    return text, known_intent(call.settings, intent), context_of(call)


def known_intent(settings: Settings, intent: str) -> str:
    """Return an intent; raises `UsageError` for one that there is not."""
    if intent not in intents_of(settings):
        raise UsageError(
            f"There is no intent {intent!r}.", "Choose one of the list; new ones are made in *Label*."
        )
    return intent


def wrong(call: Call) -> Done:
    """Put a message on the labelling list with its right intent."""
    text, intent, context = judged(call)
    new = corrections.add(call.settings, text, intent, context)
    said = f"{'On the labelling list' if new else 'It is on the labelling list already'}, as {intent}."
    return Done(said, TRY, noted(call, said))


def noted(call: Call, sentence: str) -> Response | None:
    """Return the piece of the page that says it."""
    return call.show("noted.html", sentence=sentence) if call.partial else None


def never(call: Call) -> Done:
    """Add a message to those that must never go wrong, and commit the file."""
    from ratchet.adapters.bot import musts
    from ratchet.adapters.system import git
    from ratchet.domain.gate import must_source
    from ratchet.domain.gate.must import FILE, Must

    settings = call.settings
    text, intent, context = judged(call)
    must = Must(musts.of_words(text, {}).message, intent, musts.context_given(context, settings), None)
    allowed = settings.params.validation.personal_data_allowed
    musts.add(settings, must_source.checked(must, list(known.counts(settings)), allowed))
    if git.in_repository(settings.workspace):
        git.commit(
            settings.workspace,
            [FILE],
            f"A message that must never go wrong: {intent} (by {call.person.name})",
        )
    said = f"From now on a model that does not answer this as {intent} is rejected."
    return Done(said, TRY, noted(call, said))


def forget(call: Call) -> Done:
    """Take a message off the labelling list."""
    number = call.needed("number", "The message's place", 6)
    if not number.isdecimal():
        raise UsageError("That is no place on the list.", "Load the page again.")
    gone = corrections.remove(call.settings, int(number))
    return Done(f"One message is off the labelling list ({gone.get('intent')}).", TRY)


def take(call: Call) -> Done:
    """Take the labelling list into the corpus, as one commit."""
    job = taking.take(call.settings, call.person.name)
    return Done(f"started: {job.what}", f"/jobs/{job.id}")
