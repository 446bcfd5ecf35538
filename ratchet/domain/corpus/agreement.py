"""Several annotators of one message: what they agree on, what a majority decides, and what a person has to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What came of the labels that a message was given."""

    LABELLED = "labelled"
    UNLABELLED = "unlabelled"
    SEVERAL = "several"
    TIE = "tie"


@dataclass(frozen=True)
class Settled:
    """One message: its outcome, its label ("" without one), all labels with their annotators, how many they were."""

    outcome: Outcome
    label: str
    votes: tuple[tuple[str, int], ...]
    annotators: int

    @property
    def unanimous(self) -> bool:
        """Whether all annotators gave the same one label."""
        return len(self.votes) == 1

    def described(self) -> str:
        """Return the labels with the number of annotators who gave them, the most frequent first."""
        return ", ".join(f"{label} {number}" for label, number in self.votes)


def settle(labels: Sequence[tuple[Hashable, Sequence[str]]]) -> Settled:
    """Decide one message from pairs of an annotator and the labels that this annotator gave.

    One annotator: the one label, or several at once, which no classifier of intents can learn. Several: the label that
    more of them gave than any other; equally many are a tie.
    """
    by_annotator: dict[Hashable, set[str]] = {}
    for annotator, given in labels:
        by_annotator.setdefault(annotator, set()).update(one.strip() for one in given if one.strip())
    spoken = {who: given for who, given in by_annotator.items() if given}
    votes = tuple(
        sorted(
            Counter(label for given in spoken.values() for label in given).items(),
            key=lambda pair: (-pair[1], pair[0]),
        )
    )
    if not votes:
        return Settled(Outcome.UNLABELLED, "", (), 0)
    if len(votes) > 1 and any(len(given) > 1 for given in spoken.values()):
        return Settled(Outcome.SEVERAL, "", votes, len(spoken))
    if len(votes) > 1 and votes[0][1] == votes[1][1]:
        return Settled(Outcome.TIE, "", votes, len(spoken))
    return Settled(Outcome.LABELLED, votes[0][0], votes, len(spoken))
