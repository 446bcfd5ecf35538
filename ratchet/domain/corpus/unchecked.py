"""A check that could not run: a finding like any other, never a silence."""

from __future__ import annotations

from dataclasses import dataclass

from ratchet.domain.record import Record


@dataclass(frozen=True)
class Unchecked(Record):
    """A check of the split or the data that a run could not carry out.

    `check` is what it would have shown, as the second half of 'not checked: …'; `reason` a sentence.
    """

    check: str
    reason: str

    @property
    def sentence(self) -> str:
        """Say in a line what was not checked, and why."""
        return f"Not checked: {self.check}. {self.reason}"
