"""A small corpus in which the right process of half the messages depends on the person's role and location."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

ROLES = ("employee", "contractor")
LOCATIONS = ("berlin", "lisbon")
OPENERS = (
    "",
    "please",
    "hi,",
    "can you tell me",
    "i would like to know",
    "quick question:",
    "hello!",
    "urgent:",
)
BY_TEXT = {
    "reset_password": ("how do i reset my password", "forgot my password", "password does not work any more"),
    "book_room": ("book a meeting room", "is a meeting room free tomorrow", "reserve the big meeting room"),
    "order_laptop": ("i need a new laptop", "my laptop is broken, i want another one", "order a notebook"),
    "cafeteria": ("what is for lunch", "when does the cafeteria open", "canteen menu of today"),
}
BY_CONTEXT = (
    "how do i ask for leave",
    "i want to take two weeks off",
    "request holidays",
    "days off in august",
)


def rows() -> Iterator[dict[str, Any]]:
    """Rows as the tools read them; every message about leave comes once for each role and location."""
    for intent, texts in BY_TEXT.items():
        for opener, text in product(OPENERS, texts):
            yield {"text": f"{opener} {text}".strip(), "intent": intent, "context": {}}
    for opener, text, role, location in product(OPENERS, BY_CONTEXT, ROLES, LOCATIONS):
        context = {"role": role, "location": location}
        yield {"text": f"{opener} {text}".strip(), "intent": leave_intent(**context), "context": context}


def leave_intent(role: str, location: str) -> str:
    """Contractors ask their agency wherever they are; employees have a process for each location."""
    return "leave_agency" if role == "contractor" else f"leave_{location}"


def write(path: Path, chosen: Iterator[dict[str, Any]] | None = None) -> Path:
    """Write rows with keys as JSON Lines."""
    lines = [json.dumps({"key": str(i), **row}) for i, row in enumerate(chosen or rows())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
