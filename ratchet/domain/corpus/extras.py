"""What is beside the messages (synonyms, lookup tables, regular expressions, files of the team's own), three ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Named = Mapping[str, Sequence[str]]
"""Examples by the name of a synonym, lookup table or regular expression."""


def merge_names(base: Named, ours: Named, theirs: Named) -> dict[str, list[str]]:
    """Return the names and examples that both keep or one added; what either removed is gone.

    Examples of the base come first, in its order, then the others by their text.
    """
    found = {}
    for name in sorted({*base, *ours, *theirs}):
        before, mine, others = (list(dict.fromkeys(some.get(name, ()))) for some in (base, ours, theirs))
        kept = [one for one in before if one in mine and one in others]
        kept += sorted({*mine, *others} - set(before))
        if kept:
            found[name] = kept
    return found


def merge_file(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> tuple[bytes | None, bool]:
    """Return a file's content (None: it is not there), and whether one side's holds; else it is to be asked."""
    if ours == theirs or theirs == base:
        return ours, True
    return (theirs, True) if ours == base else (base, False)
