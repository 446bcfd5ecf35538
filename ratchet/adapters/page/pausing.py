"""Stop the bot, and let it answer again, as `ratchet pause` and `ratchet resume` do."""

from __future__ import annotations

from collections.abc import Callable

from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.page.door import Door
from ratchet.adapters.targets import desks
from ratchet.domain.operations.people import Role

MOST_TEXT = 1000
SAY = "The assistant is not available at the moment. Please try again later."
"""What the form proposes."""


def add_to(door: Door, look_again: Callable[[], object]) -> None:
    """Add the acts; `look_again` lets Home show at once what they came to."""

    def pause(call: Call) -> Done:
        say = call.needed("say", "What people are told", MOST_TEXT).replace("\r\n", "\n")
        handoff = call.text("handoff", 3) == "yes"
        desks.for_operator(call.settings).pause(say, handoff, call.person.name)
        look_again()
        how = "new conversations are handed to people" if handoff else "people are told your text"
        return Done(f"The bot is stopped on all replicas: {how} until someone lets it answer again.", "/")

    def resume(call: Call) -> Done:
        before = desks.for_operator(call.settings).resume()
        look_again()
        return Done("The bot answers again." if before else "The bot was not stopped.", "/")

    door.act("/pause", Role.RELEASE, pause)
    door.act("/resume", Role.RELEASE, resume)
