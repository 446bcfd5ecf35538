"""Labels that come back from another tool: to which messages of a sample they belong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ratchet.domain.corpus.corpus import normalise
from ratchet.domain.operations.label_exports import unguarded
from ratchet.domain.operations.labelling import key_of
from ratchet.domain.operations.worklist import Message

Row = Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """What a file's rows come to.

    `labels` are the labels of messages that have none, by key; `others` the rows of messages that are in no sample;
    `kept` counts messages whose label is another one already, `same` those whose label is the same one, and
    `unlabelled` the rows without an intent. `unknown` are intents that there are not, `twice` texts with two intents.
    """

    labels: Mapping[str, str]
    others: Sequence[Row]
    kept: int
    same: int
    unlabelled: int
    unknown: Sequence[str]
    twice: Sequence[str]


def plan(
    rows: Sequence[Row], messages: Sequence[Message], intents: Collection[str], context: Sequence[str]
) -> Plan:
    """Find the messages that rows are about, by text in normal form and context.

    A row without a context is about the text in whatever context it was written.
    """
    found = {one.key: one for one in messages}
    by_form: dict[str, list[str]] = {}
    for one in messages:
        by_form.setdefault(normalise(one.text), []).append(one.key)
    labels: dict[str, str] = {}
    others: dict[str, Row] = {}
    unlabelled, twice = 0, []
    for given in rows:
        row = {name: unguarded(cell) for name, cell in given.items()}
        if not row["intent"].strip() or not row["text"].strip():
            unlabelled += 1
            continue
        form, values = normalise(row["text"]), [row.get(name, "") for name in context]
        key = key_of(form, values)
        keys = [key] if key in found else [] if any(values) else by_form.get(form, [])
        for about in keys or [key]:
            before = labels.get(about) or (others[about]["intent"] if about in others else row["intent"])
            if before != row["intent"]:
                twice.append(row["text"])
            elif keys:
                labels[about] = row["intent"]
            else:
                others[about] = row
    has = {key: found[key].mark.intent for key in labels}
    return Plan(
        labels={key: intent for key, intent in labels.items() if not has[key]},
        others=list(others.values()),
        kept=sum(bool(has[key]) and has[key] != intent for key, intent in labels.items()),
        same=sum(has[key] == intent for key, intent in labels.items()),
        unlabelled=unlabelled,
        unknown=sorted({*labels.values(), *(one["intent"] for one in others.values())} - {*intents}),
        twice=list(dict.fromkeys(twice)),
    )
