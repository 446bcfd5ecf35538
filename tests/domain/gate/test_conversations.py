"""Conversations and stories: what the champion does as written, the candidate does, too."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.gate import dialogue
from ratchet.domain.gate.conversations import follow, meet, rules
from ratchet.domain.gate.dialogue import Dialogue, Plays
from ratchet.domain.gate.played import Content, Edition, Outcome, Played, Trial
from ratchet.domain.gate.policies import GatePolicy

FINE, WRONG = Outcome(), Outcome(("after 'hi' the bot says nothing",))
UNPLAYED = Outcome(("after 'hi' the bot says nothing",), ("action_x",))


def talk(
    name: str,
    given: Outcome = FINE,
    full: Outcome | None = None,
    edition: Edition = "both",
    content: Content = (("intent", "greet", "hi"),),
) -> Trial:
    """A conversation; in full it goes as with the intents given."""
    return Trial("conversation", "talks.yml", name, content, given, full or given, edition)


def bot(*trials: Trial, followed: tuple[Trial, ...] = ()) -> Played:
    """A bot in which they went so."""
    return Played(trials, followed, (), {})


def found(
    candidate: Played, champion: Played | None, names: dict[str, str] | None = None
) -> list[tuple[str, str]]:
    """The findings that are no pass."""
    made = rules(
        meet(candidate, champion, names or {}),
        follow(candidate, champion),
        GatePolicy(),
        champion is not None,
    )
    return [(one.name, one.outcome) for one in made if one.outcome != "pass"]


def test_a_conversation_that_only_the_champion_passes_rejects() -> None:
    """With its intents given nothing but the code decides."""
    assert found(bot(talk("a", WRONG)), bot(talk("a"))) == [("conversation", "reject")]
    assert found(bot(talk("a")), bot(talk("a", WRONG))) == []
    assert found(bot(talk("a")), bot(talk("a"))) == []


def test_what_fails_with_both_is_a_warning_and_so_is_a_first_model() -> None:
    """Nothing was lost."""
    assert found(bot(talk("a", WRONG)), bot(talk("a", WRONG))) == [("conversation", "warn")]
    assert found(bot(talk("a", WRONG, edition="today")), None) == [("conversation", "warn")]


def test_a_conversation_whose_actions_were_not_run_does_not_reject() -> None:
    """What went otherwise may be their part."""
    assert found(bot(talk("a", UNPLAYED)), bot(talk("a"))) == []


def test_one_misunderstood_conversation_warns_and_many_reject() -> None:
    """In full, a loss has to be beyond chance."""
    fine, lost = talk("a"), replace(talk("a"), full=WRONG)
    several = [replace(one, name=str(n)) for n in range(50) for one in [fine]]
    some = [replace(lost, name=str(n)) for n in range(1)] + several[1:]
    many = [replace(lost, name=str(n)) for n in range(6)] + several[6:]
    assert found(bot(*some), bot(*several)) == [("conversation in full", "warn")]
    assert found(bot(*many), bot(*several)) == [("conversation in full", "reject")]


def test_a_test_that_was_edited_or_removed_so_that_it_passes_asks() -> None:
    """What it said before is played, too; where the candidate passes that as well nothing is asked."""
    old: Content = (("intent", "greet", "hi"), ("bot", "", "good day"))
    new: Content = (("intent", "greet", "hi"), ("bot", "", "bye"))
    then = [talk("a", FINE, edition="earlier", content=old)]
    edited = [talk("a", FINE, edition="today", content=new), talk("a", WRONG, edition="earlier", content=old)]
    theirs = [talk("a", WRONG, edition="today", content=new), *then]
    assert found(bot(*edited), bot(*theirs)) == [("changed test", "ask")]
    assert found(bot(edited[1]), bot(*then)) == [("changed test", "ask")]
    harmless = [edited[0], replace(edited[1], given=FINE)]
    assert found(bot(*harmless), bot(*theirs)) == []


def test_a_new_test_that_only_the_champion_passes_asks() -> None:
    """It fails with both: then it is no loss."""
    new = talk("a", WRONG, edition="today")
    assert found(bot(new), bot(replace(new, given=FINE))) == [("changed test", "ask")]
    assert found(bot(new), bot(new)) == [("conversation", "warn")]


def test_a_test_under_the_new_name_of_an_intent_is_the_same_test() -> None:
    """The champion is asked it under the old name: a loss rejects, and no loss asks nothing."""
    old, new = (("intent", "greet", "hi"),), (("intent", "hello", "hi"),)
    theirs = bot(talk("a", WRONG, edition="today", content=new), talk("a", edition="earlier", content=old))
    beside = talk("a", WRONG, edition="earlier", content=old)
    names = {"greet": "hello"}
    assert found(bot(talk("a", edition="today", content=new), beside), theirs, names) == []
    lost = bot(talk("a", WRONG, edition="today", content=new), beside)
    assert found(lost, theirs, names) == [("conversation", "reject")]


def test_a_story_that_the_candidate_follows_no_more_rejects() -> None:
    """As one that contradicts it makes it; a new one that nobody follows is a warning."""
    story = Trial(
        "story", "stories.yml", "s", (("intent", "a", ""), ("action", "utter_a", "")), FINE, actions=2
    )
    lost = replace(story, given=WRONG)
    assert found(bot(followed=(lost,)), bot(followed=(story,))) == [("story", "reject")]
    new = replace(lost, name="t")
    assert found(bot(followed=(story, new)), bot(followed=(story, new))) == [("conversation", "warn")]


def test_what_could_not_be_played_is_said() -> None:
    """A champion of old code, actions that were not run, and a server of actions that does not start."""
    candidate = replace(bot(talk("a", UNPLAYED)), actions_problem="No module named x")
    page, made = dialogue.look(Plays(candidate, None, "Its code is old."), {}, GatePolicy())
    assert [(one.name, one.outcome) for one in made] == [
        ("not played", "warn"),
        ("not played", "warn"),
        ("custom actions", "reject"),
    ]
    assert Dialogue.from_dict(page.as_dict()) == page
    assert page.unplayed == ("action_x",)


@given(st.lists(st.sampled_from([FINE, WRONG, UNPLAYED]), max_size=12))
def test_a_candidate_that_does_what_the_champion_does_is_never_stopped(outcomes: list[Outcome]) -> None:
    """Whatever went wrong with both."""
    same = bot(*(talk(str(n), one) for n, one in enumerate(outcomes)))
    assert {outcome for _, outcome in found(same, same)} <= {"warn"}
