"""What people will be told differently: the first answer to each intent, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ratchet.domain.gate.played import Answer, Heard, Played
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.rules import Rule
from ratchet.domain.record import Record
from ratchet.domain.wording import count, listed

Kind = Literal["stand-in", "silent", "general", "failed", "swapped", "unwritten", "new", "changed"]
WORSE: dict[Kind, str] = {
    "stand-in": "got the stand-in for an answer that no one has written",
    "silent": "got no answer any more",
    "general": "lost the answer of its own",
    "failed": "got an answer whose custom action fails",
}
"""What rejects, and how it is said."""
ANSWER, NEW, SWAP, CHANGED, FORM = "answer", "new intent", "swapped answers", "changed answers", "form"


@dataclass(frozen=True)
class AnswerChange(Record):
    """An answer that changed: the intent's name now, and `was` before where it was renamed, the context, both texts.

    `of` is the intent whose answer it has now, where the two were swapped.
    """

    intent: str
    context: tuple[tuple[str, str], ...]
    before: str
    after: str
    kind: Kind
    was: str = ""
    of: str = ""

    @property
    def where(self) -> str:
        """Name the intent and its context as a sentence does."""
        said = ", ".join(f"{name}={value}" for name, value in self.context)
        return f"`{self.intent}`{f' ({said})' if said else ''}"


def changes(candidate: Played, champion: Played, names: Mapping[str, str]) -> list[AnswerChange]:
    """Compare each intent's answers; `names` are the new names of intents, several of which may have become one."""
    before = {heard.intent: heard for heard in champion.answers}
    owners: dict[str, str] = {}
    for heard in champion.answers:
        text = heard.answers[0].text
        if text and heard.answers[0].written:
            owners.setdefault(text, heard.intent)
    used = {name for one in candidate.followed for kind, name, _ in one.content if kind == "intent"}
    found = []
    for heard in candidate.answers:
        if heard.intent in names:
            continue  # the domain still lists it, and no message has it
        olds = [heard.intent, *(old for old, new in names.items() if new == heard.intent)]
        known = [before[old] for old in olds if old in before]
        if known:
            found += compared(heard, known[0], owners, set(olds))
        elif unanswered(heard.answers[0], heard.intent in used):
            found.append(AnswerChange(heard.intent, (), "", heard.answers[0].text, "unwritten"))
        else:
            found.append(AnswerChange(heard.intent, (), "", heard.answers[0].text, "new"))
    return found


def unanswered(answer: Answer, used: bool) -> bool:
    """Say whether a new intent has no answer; one that a story or rule uses may be for later in a conversation."""
    return answer.stand_in or not (answer.said or answer.unplayed or used)


def compared(now: Heard, then: Heard, owners: Mapping[str, str], own: set[str]) -> list[AnswerChange]:
    """Compare the answers to one intent in every context that changes one of them."""
    contexts = {tuple(sorted(one.context.items())): one.context for one in (*then.answers, *now.answers)}
    found = []
    for key, context in contexts.items():
        before, after = then.at(context), now.at(context)
        kind = verdict(before, after, then, now, context)
        if kind is None:
            continue
        of = owners.get(after.text, "") if kind == "changed" else ""
        swapped = of not in ("", *own) and of != then.intent
        was = then.intent if then.intent != now.intent else ""
        found.append(
            AnswerChange(
                now.intent,
                key,
                before.text,
                after.text,
                "swapped" if swapped else kind,
                was,
                of if swapped else "",
            )
        )
    same = {(one.before, one.after, one.kind) for one in found if not one.context}
    return [one for one in found if not one.context or (one.before, one.after, one.kind) not in same]


def verdict(
    before: Answer, after: Answer, then: Heard, now: Heard, context: Mapping[str, str]
) -> Kind | None:
    """Say what became of one answer; None where it is what it was, or was not played."""
    if after.failed and not before.failed:
        return "failed"
    if before.unplayed or after.unplayed or before.said == after.said:
        return None
    if before.written and after.stand_in:
        return "stand-in"
    if before.written and not after.said:
        return "silent"
    of_its_own = before.said != then.at({}).said
    if context and of_its_own and after.said == now.at({}).said:
        return "general"
    return "changed"


def rules(found: Sequence[AnswerChange], answers: int, policy: GatePolicy) -> list[Rule]:
    """Return the findings on the answers of `answers` intents."""
    made = []
    for kind, what in WORSE.items():
        if worse := [one for one in found if one.kind == kind]:
            said = f"{listed(one.where for one in worse)} {what}: {quoted(worse[0])}."
            made.append(Rule(ANSWER, "reject", len(worse), 0, said, unit="count"))
    if unwritten := [one for one in found if one.kind == "unwritten"]:
        said = (
            f"{count(len(unwritten), 'new intent')} without an answer, so a person decides: "
            f"{listed(one.where for one in unwritten)}. Write `utter_{unwritten[0].intent}` in bot/domain.yml."
        )
        made.append(Rule(NEW, "ask", len(unwritten), 0, said, unit="count"))
    if swapped := [one for one in found if one.kind == "swapped"]:
        said = "; ".join(
            f"{one.where} is answered with what `{one.of}` was answered with" for one in swapped[:4]
        )
        made.append(Rule(SWAP, "ask", len(swapped), 0, f"{said}, so a person decides.", unit="count"))
    others = [one for one in found if one.kind == "changed"]
    asks = bool(others) and policy.answers_changed == "ask"
    said = (
        f"Of {count(answers, 'intent')} {len({one.intent for one in others}):,} are answered in other words"
    )
    named = f": {listed(dict.fromkeys(one.where for one in others))}" if others else ""
    outcome: Literal["ask", "pass"] = "ask" if asks else "pass"
    made.append(Rule(CHANGED, outcome, len(others), 0, f"{said}{named}.", unit="count"))
    return made


def quoted(one: AnswerChange) -> str:
    """Set an answer before and after beside each other in a sentence."""
    return f"“{one.before}” became {f'“{one.after}”' if one.after else 'nothing'}"


def forms(candidate: Played, champion: Played) -> list[Rule]:
    """A form that people fill in today is there, and asks for as much; a slot that took another's place asks."""
    found = []
    for name, then in sorted(champion.forms.items()):
        now = candidate.forms.get(name)
        if now is None:
            if then not in candidate.forms.values():
                said = f"The form `{name}` is gone, which asks for {listed(then)}."
                found.append(Rule(FORM, "reject", len(then), 0, said, unit="count"))
            continue
        gone, came = [one for one in then if one not in now], [one for one in now if one not in then]
        if gone:
            said = f"The form `{name}` does not ask for {listed(gone)} any more"
            said += f", but for {listed(came)}, so a person decides." if came else "."
            outcome: Literal["ask", "reject"] = "ask" if len(came) >= len(gone) else "reject"
            found.append(Rule(FORM, outcome, len(gone), 0, said, unit="count"))
    return found
