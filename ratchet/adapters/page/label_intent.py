"""A new intent with its first answer, made while labelling."""

from __future__ import annotations

from fastapi.responses import Response

from ratchet.adapters.page import new_intents
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door
from ratchet.domain.operations.people import Role

PATH, BACK = "/label/intent", "/label"
MOST_ANSWER = 5000


def add_to(door: Door) -> None:
    """Add the form and its act."""
    door.page(PATH, Role.LABEL, form)
    door.act(PATH, Role.LABEL, make)


def form(call: Call) -> Response:
    """Show the form, and the new intents that have no messages in the corpus yet."""
    return call.show(
        "label_intent.html",
        title="A new intent",
        new=new_intents.read(call.settings),
        at=call.query.get("at", "")[:40],
        most=MOST_ANSWER,
        least=call.settings.params.validation.minimum_examples,
        zone=call.settings.params.triggers.time_zone,
    )


def make(call: Call) -> Done:
    """Note a new intent: messages can get it at once, and it comes into the bot with them."""
    name = call.needed("name", "The name", new_intents.MOST_NAME)
    answer = call.needed("answer", "The first answer", MOST_ANSWER).replace("\r\n", "\n")
    new_intents.add(call.settings, name, answer, call.person.name, call.site.clock())
    at = call.text("at", 40)
    back = f"{BACK}?at={at}" if at.isalnum() else BACK
    return Done(f"made the intent {name}; it comes into the bot with its first messages", back)
