"""`bot/tests/must.yml` as people write it, and as `ratchet must add` does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratchet.adapters.bot import musts
from ratchet.adapters.settings import Settings, load_settings
from ratchet.domain.corpus.annotations import Span
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.must import FILE, Must

PARAMS = "corpus:\n  context:\n    role: [employee, manager]\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace that knows two roles."""
    (tmp_path / "bot" / "tests").mkdir(parents=True)
    (tmp_path / "params.yaml").write_text(PARAMS)
    return load_settings(tmp_path)


def write(settings: Settings, text: str) -> None:
    musts.path(settings).write_text(text, encoding="utf-8")


def test_all_ways_to_write_a_message(settings: Settings) -> None:
    """Entities as a mapping, as a list, and annotated in the message as in the corpus."""
    write(
        settings,
        """
- message: the server room is on fire
  intent: report_incident
- {message: who earns what, intent: legal_review, context: {role: manager}, entities: []}
- {message: fly to muc, intent: fly, entities: {city: munich}}
- {message: fly to rome, intent: fly, entities: [{entity: city, value: rome, role: to}]}
- {message: 'fly to [ldn](city:london)', intent: fly}
""",
    )
    assert musts.read(settings) == (
        Must("the server room is on fire", "report_incident"),
        Must("who earns what", "legal_review", {"role": "manager"}, ()),
        Must("fly to muc", "fly", entities=(Span(0, 0, "city", value="munich"),)),
        Must("fly to rome", "fly", entities=(Span(0, 0, "city", "to", value="rome"),)),
        Must("fly to ldn", "fly", entities=(Span(0, 0, "city", value="london"),)),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {message: a}", "Entry 1 of bot/tests/must.yml has no intent"),
        ("- {message: a, intent: b}\n- c", "Entry 2 of bot/tests/must.yml is no message"),
        ("- {message: a, intent: b, answer: c}", "has the key answer"),
        (
            "- {message: a, intent: b, context: {role: boss}}",
            "has role boss. params.yaml allows employee, manager",
        ),
        ("- {message: a, intent: b, context: {shoe: 42}}", "has the context field shoe"),
        ("- {message: a, intent: b, context: [role]}", "a context that is no mapping"),
        ("- {message: a, intent: b, entities: munich}", "entities that are no list"),
        ("- {message: a, intent: b, entities: [{entity: city}]}", "an entity that cannot be read"),
        (
            "- {message: A!, intent: b}\n- {message: a, intent: c}",
            "Entry 2 of bot/tests/must.yml repeats entry 1",
        ),
        ("message: a", "is no list of messages"),
        ("- {", "cannot be read"),
        ("- {message: [a], intent: b}", "has no message"),
    ],
)
def test_what_is_wrong_is_named(settings: Settings, text: str, said: str) -> None:
    """File and entry, then what to do."""
    write(settings, text)
    with pytest.raises(RatchetError) as caught:
        musts.read(settings)
    assert said in str(caught.value)
    assert caught.value.remedy


def test_what_is_added_is_read_again_and_comments_stay(settings: Settings) -> None:
    """Whatever characters a message has; the same message is not added twice."""
    assert musts.read(settings) == ()
    every = [
        Must("it burns: call 112 # now", "report_incident"),
        Must("'quoted' “words” – 😀", "small_talk", {"role": "manager"}),
        Must("- to muc", "fly", entities=(Span(0, 0, "city", "to", "1", "munich"),)),
        Must("null", "fly", entities=()),
    ]
    for number, one in enumerate(every, start=1):
        musts.add(settings, one)
        with musts.path(settings).open("a", encoding="utf-8") as file:
            file.write(f"# by hand, {number}\n")
        assert musts.read(settings) == tuple(every[:number])
    text = musts.path(settings).read_text(encoding="utf-8")
    assert all(f"# by hand, {number}" in text for number in range(1, 5))
    with pytest.raises(RatchetError, match=f"is in {FILE} already"):
        musts.add(settings, Must("It burns, call 112, now", "report_incident"))


@pytest.mark.parametrize("empty", ["", "[]\n", "# none yet\n", "# none yet\n[]\n"])
def test_a_message_is_added_to_an_empty_file(settings: Settings, empty: str) -> None:
    """In each way in which a file may say that there is nothing in it."""
    write(settings, empty)
    musts.add(settings, Must("fire", "report_incident"))
    assert musts.read(settings) == (Must("fire", "report_incident"),)


def test_a_message_is_taken_out_and_the_rest_stays_as_it_is(settings: Settings) -> None:
    """Comments and order included; what is added and taken out again leaves the file as it was."""
    first, second = (
        "- message: fire!  # call\n  intent: report\n",
        "# why\n- {message: gas, intent: report}\n",
    )
    write(settings, first + second)
    assert musts.remove(settings, "Gas", {}) == Must("gas", "report")
    assert musts.path(settings).read_text(encoding="utf-8") == first + "# why\n"
    write(settings, first + second)
    musts.remove(settings, "fire", {})
    assert musts.path(settings).read_text(encoding="utf-8") == second
    musts.add(settings, Must("null", "report", {"role": "manager"}))
    musts.remove(settings, "null", {"role": "manager"})
    assert musts.path(settings).read_text(encoding="utf-8") == second
    musts.remove(settings, "gas", {})
    assert musts.read(settings) == ()


def test_a_message_that_is_not_there_is_found_in_the_list(settings: Settings) -> None:
    """The refusal names `ratchet must list`; what that shows can be taken out as it stands there."""
    write(settings, "- {message: It burns!, intent: report}\n")
    with pytest.raises(RatchetError) as refused:
        musts.remove(settings, "it is burning", {})
    assert "`ratchet must list`" in refused.value.remedy
    (shown,) = musts.read(settings)
    assert musts.remove(settings, shown.message, shown.context) == shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {message: b, intent: x}", "is not in bot/tests/must.yml"),
        (
            "- {message: a, intent: x}\n- {message: a, intent: y, context: {role: manager}}",
            "2 times: no context, role manager",
        ),
        ("[{message: a, intent: x}, {message: b, intent: x}]", "does not begin on a line of its own"),
        ("", "is not in"),
    ],
)
def test_what_cannot_be_taken_out_changes_nothing(settings: Settings, text: str, said: str) -> None:
    """Each refusal has a remedy."""
    write(settings, text)
    with pytest.raises(RatchetError, match=said) as refused:
        musts.remove(settings, "a", {})
    assert refused.value.remedy
    assert musts.path(settings).read_text(encoding="utf-8") == text
