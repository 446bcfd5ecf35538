"""The gate's rules about entities: those that intents have, on messages and on each type, role and group."""

from __future__ import annotations

from collections.abc import Sequence

from ratchet.domain.gate.annotation_changes import LabelChange, SynonymLoss
from ratchet.domain.gate.entity_sheet import Sheet, labels, messages
from ratchet.domain.gate.paired import Pair, chance_limit, lost
from ratchet.domain.gate.policies import GatePolicy
from ratchet.domain.gate.rules import ENTITIES, ROUNDING, Rule
from ratchet.domain.wording import chance, count, listed, percent, points

UNCOMPARED = (
    "The champion's code has a framework that does not say which entities it finds, so no one knows whether the"
    " candidate finds fewer. A person decides; from the next release on they are compared."
)


def found(sheet: Sheet, policy: GatePolicy) -> list[Rule]:
    """The rules on what both models found; none where the holdout has no entity to compare."""
    whole, parts = messages(sheet), labels(sheet)
    if not whole.rows and not parts:
        return []
    rules = [messages_rule(whole, policy)] if whole.rows else []
    fallen = {name: pair for name, pair in parts.items() if judged(pair, policy)}
    limit = policy.max_group_drop_points / 100
    lost = [name for name, pair in fallen.items() if pair.drop >= limit - ROUNDING]
    if lost:
        ordered = sorted(lost, key=lambda name: (parts[name].p_value, name))
        return rules + [label_rule(name, parts[name], policy, causes(sheet, name)) for name in ordered]
    if fallen:
        worst = max(fallen, key=lambda name: fallen[name].drop)
        rules.append(standing(worst, fallen[worst], limit))
    return rules


def judged(pair: Pair, policy: GatePolicy) -> bool:
    """Tell whether a label has enough annotations to be judged on its own."""
    return pair.rows >= policy.group_rows


def messages_rule(pair: Pair, policy: GatePolicy) -> Rule:
    """Messages in which all entities are right: like the accuracy of intents."""
    limit, p = policy.max_drop_points / 100, pair.p_value
    new, old = int(pair.candidate.sum()), int(pair.champion.sum())
    said = (
        f"The candidate finds all entities in {new:,} of {count(pair.rows, 'message')} with entities "
        f"({percent(new / pair.rows)}), the champion in {old:,} ({percent(old / pair.rows)}), where a loss of "
        f"{points(limit)} is allowed"
    )
    if pair.drop <= limit + ROUNDING:
        return Rule(ENTITIES, "pass", pair.drop, limit, f"{said}.", p, "points")
    odds = chance_limit(pair.rows, policy, several=True)
    evidence = (
        f"it lost {pair.lost:,} and gained {pair.gained:,}, and two equally good models would do that in {chance(p)} "
        f"of cases (limit {percent(odds)})"
    )
    if p >= odds:
        said = f"{said}, but it may be chance: {evidence}."
        return Rule(ENTITIES, "warn", pair.drop, limit, said, p, "points")
    if pair.rows < policy.small_holdout_rows:
        said = f"{said}: {evidence}; with fewer than {count(policy.small_holdout_rows, 'message')} a person decides."
        return Rule(ENTITIES, "ask", pair.drop, limit, said, p, "points")
    return Rule(ENTITIES, "reject", pair.drop, limit, f"{said}: {evidence}.", p, "points")


def label_rule(name: str, pair: Pair, policy: GatePolicy, why: str) -> Rule:
    """A type, role or group that is found less often: like an intent."""
    limit = policy.max_group_drop_points / 100
    new, old = int(pair.candidate.sum()), int(pair.champion.sum())
    said = (
        f"Of {count(pair.rows, 'entity', 'entities')} `{name}` in the holdout the candidate has {new:,} right, the "
        f"champion had {old:,}: {points(pair.drop)} less, where the limit is {points(limit)} ({why})"
    )
    return lost("entity", pair, said, policy)


def standing(name: str, pair: Pair, limit: float) -> Rule:
    """The finding where no label lost too much: the one that lost most."""
    if pair.drop > 0:
        said = (
            f"The entity that lost most is `{name}`, {points(pair.drop)}, where the limit is {points(limit)}."
        )
    else:
        said = f"No entity is found less often, where {points(limit)} is the limit."
    return Rule("entity", "pass", pair.drop, limit, said, pair.p_value, "points")


def causes(sheet: Sheet, name: str) -> str:
    """Say what became of the entities of a label that only the champion has right."""
    assert sheet.champion is not None
    counted = dict.fromkeys(
        ("not found", "with another value", "with another role or type", "with other borders"), 0
    )
    for stable, new, old in zip(sheet.stable, sheet.candidate, sheet.champion, strict=True):
        for span in stable:
            if name not in (span.entity, span.label) or span not in old or span in new:
                continue
            near = [one for one in new if one.overlaps(span)]
            if any(one.place == span.place for one in near):
                counted["with another value"] += 1
            elif any((one.start, one.end) == (span.start, span.end) for one in near):
                counted["with another role or type"] += 1
            elif near:
                counted["with other borders"] += 1
            else:
                counted["not found"] += 1
    said = [f"{number:,} {cause}" for cause, number in counted.items() if number]
    return f"of those that it lost {', '.join(said)}"


def taught(found: Sequence[LabelChange], policy: GatePolicy) -> list[Rule]:
    """What the training is taught: no type vanished, and none lost more annotations than an intent may lose rows."""
    if not found:
        return []
    limit, rules = policy.max_intent_loss_percent / 100, []
    gone = [one.label for one in found if one.before and not one.after]
    if gone:
        said = (
            f"{count(len(gone), 'entity', 'entities')} of the champion's data "
            f"{'is' if len(gone) == 1 else 'are'} annotated in no message any more: "
            f"{listed(f'`{one}`' for one in gone)}."
        )
        rules.append(Rule("vanished entities", "reject", len(gone), 0, said, unit="count"))
    for one in found:
        loss = one.lost / one.before
        if one.after and one.lost >= policy.group_rows and loss > limit + ROUNDING:
            said = (
                f"The data has {one.lost:,} of the champion's {count(one.before, 'annotation')} `{one.label}` no more"
                f"{f' ({one.changed:,} of messages that are still there)' if one.changed else ''}: {percent(loss)}, "
                f"where {percent(limit)} may go."
            )
            rules.append(Rule("entity annotations", "reject", loss, limit, said))
    if not rules:
        said = f"All {count(len(found), 'label')} of entities of the champion's data are still annotated."
        rules.append(Rule("vanished entities", "pass", 0, 0, said, unit="count"))
    return rules


def synonyms(found: SynonymLoss, policy: GatePolicy) -> list[Rule]:
    """Synonyms that are no more: what people say then fills a slot with their words instead of the value."""
    if not found.lost:
        return []
    limit, share = policy.max_intent_loss_percent / 100, len(found.lost) / found.entries
    named = listed(f"`{words}` for `{value}`" for words, value in found.lost)
    said = (
        f"{count(len(found.lost), 'synonym')} of the champion's {found.entries:,} "
        f"{'is' if len(found.lost) == 1 else 'are'} gone ({named}), and "
        f"{count(found.used, 'annotated entity needs', 'annotated entities need')} one: {percent(share)}, where "
        f"{percent(limit)} may go"
    )
    if share <= limit + ROUNDING:
        return [Rule("synonyms", "warn", share, limit, f"{said}.")]
    outcome, end = ("reject", ".") if found.used else ("ask", "; no message uses them, so a person decides.")
    return [Rule("synonyms", outcome, share, limit, f"{said}{end}")]  # type: ignore[arg-type]


def unsaid() -> Rule:
    """The candidate does not say what it finds: a person decides, and what to do is said."""
    said = (
        "The bot's framework is of a version that does not say which entities are found, so nothing is known of them. "
        "A person decides; `ratchet upgrade` brings the newer one."
    )
    return Rule(ENTITIES, "ask", 1, 0, said, unit="count")


def uncompared() -> Rule:
    """The champion does not say what it finds: no one knows what is lost."""
    return Rule(ENTITIES, "ask", 1, 0, UNCOMPARED, unit="count")
