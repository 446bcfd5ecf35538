"""Who is on duty to answer people: `.ratchet/page/duty.json`, which people change for themselves."""

from __future__ import annotations

from pathlib import Path

from ratchet.adapters.page import people
from ratchet.adapters.page.call import Call, Done
from ratchet.adapters.settings import Settings
from ratchet.adapters.system.files import read_record, write_json
from ratchet.adapters.system.lock import hold
from ratchet.domain.errors import UsageError
from ratchet.domain.operations.duty import Duty, Turn
from ratchet.domain.operations.people import Role

PATIENCE_SECONDS = 10.0


def file_of(settings: Settings) -> Path:
    """Holds it."""
    return settings.state / "page" / "duty.json"


def read(settings: Settings) -> Duty:
    """Return the duty; raises `RatchetError` where the file holds something else."""
    path = file_of(settings)
    return read_record(path, Duty.from_dict, f"Delete {path}: then no one is on duty.") or Duty()


def now(call: Call) -> tuple[Turn, ...]:
    """Return who is on duty: people who can still sign in and answer."""
    known = people.read(call.site.first).people
    able = {one.name for one in known if one.role.covers(Role.LABEL)}
    return read(call.settings).now(call.site.clock(), able)


def change(call: Call) -> Done:
    """Note that the person is on duty, or off it."""
    wish = call.text("on", 3)
    if wish not in ("yes", "no"):
        raise UsageError("It is not said whether you are on duty.", "Load the page again.")
    path, on = file_of(call.settings), wish == "yes"
    lock = path.with_name("duty-change.lock")  # beside it lies a file of the lock's own name
    with hold(lock, "A change of the duty", PATIENCE_SECONDS):
        write_json(path, read(call.settings).changed(call.person.name, on, call.site.clock()).as_dict())
    return Done("You are on duty for 12 hours." if on else "You are off duty.", "/conversations")
