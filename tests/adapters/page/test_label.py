"""Label: similar messages together, saved at once, two people without collision, taken back, taken into the corpus."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ratchet.adapters.monitoring import labels
from ratchet.adapters.page import corrections, jobs, new_intents, record
from ratchet.adapters.page.label import MOST_GROUPS
from ratchet.adapters.system import git
from ratchet.domain.operations.people import Role
from ratchet.domain.operations.sampling import CONTROL
from ratchet.domain.operations.worklist import LEASE_SECONDS, Message
from tests.adapters.page.conftest import Served, Visitor
from tests.adapters.page.hostile import MARKUP, TEXTS, tags
from tests.adapters.page.samples import MESSAGES, SAMPLE, draw, shop

HTMX = {"hx-request": "true"}


@pytest.fixture
def shopped(served: Served) -> Served:
    """The page of a workspace with four messages to label, of which two are similar."""
    return Served(shop(served.settings))


def path_of(served: Served) -> Path:
    """The sample."""
    return labels.newest_samples(served.settings)[0]


def messages(served: Served) -> list[Message]:
    """The messages of the sample as they are now."""
    return labels.read(path_of(served))


def give(visitor: Visitor, found: list[Message], **more: str) -> str:
    """Label messages as a card does, and return the piece of a page."""
    fields = {
        "sample": SAMPLE,
        "shown": [one.key for one in found],
        "message": [f"{one.key}:{one.seen}" for one in found],
        **more,
    }
    return visitor.post("/label/give", fields, **HTMX).text  # type: ignore[arg-type]


def cards(page: str) -> list[str]:
    """The keys of the cards on a page."""
    return re.findall(r'<form class="card pick" id="m-([0-9a-f]{16})"', page)


def test_similar_messages_are_one_card_with_guess_and_confidence(shopped: Served) -> None:
    """The least sure first, each with its context; the guess is the first intent to choose."""
    page = shopped.visitor(Role.LABEL).get("/label").text
    assert len(cards(page)) == 3
    assert "2 similar messages" in page
    assert page.index("my laptop is broken") < page.index("may I go home")
    assert "role manager" in page
    assert "20.0%" in page
    assert re.search(r'name="intent" value="laptop" aria-keyshortcuts="1"', page)


def test_who_reads_sees_the_messages_and_no_form(shopped: Served) -> None:
    """And takes no messages from those who label."""
    page = shopped.visitor(Role.READ).get("/label").text
    assert "may I go home" in page
    assert "/label/give" not in page
    assert "/label/take" not in page
    assert len(cards(shopped.visitor(Role.LABEL).get("/label").text)) == 3


def test_a_label_is_saved_at_once_for_all_chosen_messages(shopped: Served) -> None:
    """In the file, before the answer; what was not chosen is offered again."""
    ben, found = shopped.visitor(Role.LABEL, "Ben"), messages(shopped)
    piece = give(ben, found[:2], intent="laptop")
    assert [one.mark.intent for one in messages(shopped)] == ["laptop", "laptop", "", ""]
    assert "by Ben" in piece
    assert "<html" not in piece
    assert "<strong>2</strong> to label, 2 labelled" in piece
    fields = {
        "sample": SAMPLE,
        "shown": found[3].key,
        "message": f"{found[2].key}:{found[2].seen}",
        "typed": "leave",
    }
    piece = ben.post("/label/give", fields, **HTMX).text
    assert cards(piece) == [found[3].key]


def test_without_a_script_each_act_leads_back_to_the_page(shopped: Served) -> None:
    """With what was done, in words."""
    ben, one = shopped.visitor(Role.LABEL, "Ben"), messages(shopped)[2]
    answer = ben.post(
        "/label/give", {"sample": SAMPLE, "message": f"{one.key}:{one.seen}", "intent": "leave"}
    )
    assert answer.status_code == 303
    assert "marked 1 message as leave" in ben.get(answer.headers["location"]).text


def test_two_people_get_different_messages_for_some_minutes(shopped: Served) -> None:
    """Each is told what the other is at, and can look at it all the same."""
    draw(
        shopped.settings, [(f"word{number}", "", f"guess{number}", 0.5) for number in range(MOST_GROUPS + 3)]
    )
    ana, ben = shopped.visitor(Role.LABEL, "Ana"), shopped.visitor(Role.LABEL, "Ben")
    first, second = ana.get("/label").text, ben.get("/label").text
    assert (len(cards(first)), len(cards(second))) == (MOST_GROUPS, 3)
    assert not {*cards(first)} & {*cards(second)}
    assert f"Ana is labelling {MOST_GROUPS} messages" in second
    assert len(cards(ben.get("/label?all=yes").text)) == MOST_GROUPS
    shopped.now += LEASE_SECONDS
    assert cards(ben.get("/label").text) == cards(first)


def test_the_second_one_sees_that_it_is_done_and_by_whom(shopped: Served) -> None:
    """And changes nothing, unless they choose to, having seen it."""
    ana, ben = shopped.visitor(Role.LABEL, "Ana"), shopped.visitor(Role.LABEL, "Ben")
    found = messages(shopped)
    give(ana, found[:1], intent="laptop")
    piece = give(ben, found[:2], intent="leave")
    assert "settled meanwhile" in piece
    assert "by Ana" in piece
    assert [one.mark.intent for one in messages(shopped)][:2] == ["laptop", "leave"]
    card = ben.get(f"/label/card?sample={SAMPLE}&message={found[0].key}", **HTMX).text
    assert "labelled laptop by Ana" in card
    give(ben, messages(shopped)[:1], intent="leave")
    assert messages(shopped)[0].mark.by == "Ben"


def test_not_sure_is_for_another_person(shopped: Served) -> None:
    """It leaves the open ones, is found by itself, and a label ends it."""
    ana, found = shopped.visitor(Role.LABEL, "Ana"), messages(shopped)
    fields = {"sample": SAMPLE, "message": f"{found[2].key}:{found[2].seen}"}
    assert "not sure" in ana.post("/label/unsure", fields, **HTMX).text
    assert "may I go home" not in ana.get("/label").text
    ben = shopped.visitor(Role.LABEL, "Ben")
    assert "Ana was not sure" in ben.get("/label?state=unsure").text
    give(ben, messages(shopped)[2:3], intent="leave")
    assert messages(shopped)[2].mark.intent == "leave"


def test_the_last_step_is_taken_back_and_comes_first(shopped: Served) -> None:
    """One's own, once."""
    ana, ben = shopped.visitor(Role.LABEL, "Ana"), shopped.visitor(Role.LABEL, "Ben")
    found = messages(shopped)
    give(ana, found[:2], intent="laptop")
    give(ana, found[3:], intent="leave")
    assert "/label/undo" not in ben.get("/label").text
    [step] = re.findall(r'name="step" value="([0-9a-f]+)"', ana.get("/label").text)
    answer = ana.post("/label/undo", {"sample": SAMPLE, "step": step})
    assert [one.mark.intent for one in messages(shopped)] == ["laptop", "laptop", "", ""]
    page = ana.get(answer.headers["location"]).text
    assert cards(page)[0] == found[3].key
    assert ana.post("/label/undo", {"sample": SAMPLE, "step": step}).status_code == 400


def test_a_search_goes_over_messages_intents_and_the_corpus(shopped: Served) -> None:
    """All words, in any case."""
    page = shopped.visitor(Role.LABEL).get("/label?find=LAPTOP").text
    assert "the laptop is broken again" in page
    assert "may I go home" not in page
    assert "<strong>laptop</strong> (10)" in page
    assert "laptop number 3" in page
    assert "leave number" not in page


def test_an_intent_that_there_is_not_is_refused(shopped: Served) -> None:
    """Nothing is labelled by a typing error."""
    ben, found = shopped.visitor(Role.LABEL, "Ben"), messages(shopped)
    assert "There is no intent" in give(ben, found[:1], typed="laptp")
    assert "is missing" in give(ben, found[:1], typed="")
    assert "Two intents are chosen" in give(ben, found[:1], intent="laptop", typed="leave")
    assert "No message is chosen" in give(ben, [], intent="leave")
    assert all(not one.mark.intent for one in messages(shopped))


def test_a_label_here_takes_the_place_of_a_note_in_try_it(shopped: Served) -> None:
    """The newest word counts, and a message comes into the corpus once."""
    ben, found = shopped.visitor(Role.LABEL, "Ben"), messages(shopped)
    corrections.add(shopped.settings, found[2].text, "laptop", {})
    give(ben, found[2:3], intent="leave")
    assert corrections.read(shopped.settings) == []


def test_finished_work_becomes_one_commit_and_is_not_taken_twice(
    shopped: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels and the list together; they are in the corpus once the command has ended well."""
    settings, begun = shopped.settings, []
    ended: list[jobs.End] = []
    job = jobs.Job("1-00000000", "", (), "", 0.0)

    def start(settings: object, what: str, words: list[str], by: str) -> jobs.Job:
        begun.append((what, Path(words[1]).read_text(encoding="utf-8"), words))
        return job

    monkeypatch.setattr(jobs, "start", start)
    monkeypatch.setattr(jobs, "find", lambda *_: jobs.Progress(job, (), "", ended[-1] if ended else None))
    ben, found = shopped.visitor(Role.LABEL, "Ben"), messages(shopped)
    corrections.add(settings, "noted in try it", "leave", {"role": "intern"})
    give(ben, found[:1], intent="laptop")
    assert ben.post("/label/take").headers["location"].startswith("/jobs/1-00000000")
    [(what, file, words)] = begun
    assert (what, words[0], words[2:]) == (
        "Taking 2 messages into the corpus",
        "ingest",
        ["--relabel", "--commit"],
    )
    assert file == (
        "text,intent,role,source\nnoted in try it,leave,intern,page\nmy laptop is broken,laptop,manager,production\n"
    )
    assert ben.post("/label/take").status_code == 400
    give(ben, found[2:3], intent="leave")
    ended.append(jobs.End(0, 0.0))
    page = ben.get("/label").text
    assert "1 in the corpus" in page
    assert "Take 1 message into the corpus" in page
    assert corrections.read(settings) == []


def test_what_was_refused_stays_to_be_taken(shopped: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed command loses no label."""
    job = jobs.Job("1-00000000", "", (), "", 0.0)
    monkeypatch.setattr(jobs, "start", lambda *_: job)
    monkeypatch.setattr(jobs, "find", lambda *_: jobs.Progress(job, (), "", jobs.End(1, 0.0)))
    ben, found = shopped.visitor(Role.LABEL, "Ben"), messages(shopped)
    give(ben, found[:1], intent="laptop")
    ben.post("/label/take")
    assert "Take 1 message into the corpus" in ben.get("/label").text


def test_a_new_intent_waits_for_its_first_messages_and_then_comes_into_the_bot(
    shopped: Served, begun: list[tuple[str, ...]]
) -> None:
    """With its answer and a rule, as a commit with the name of who made it, before its messages."""
    settings, workspace = shopped.settings, shopped.settings.workspace
    git.git(workspace, "init", "--quiet")
    git.commit(workspace, ["bot"], "start")
    ana = shopped.visitor(Role.LABEL, "Ana")
    made = ana.post(
        "/label/intent", {"name": "lost_parcel", "answer": "We look for it.", "at": messages(shopped)[3].key}
    )
    assert made.headers["location"].startswith(f"/label?at={messages(shopped)[3].key}")
    give(ana, messages(shopped)[3:], typed="lost_parcel")
    page = ana.get("/label").text
    assert "lost_parcel (1)" in page
    assert "/label/take" not in page
    assert ana.post("/label/take").status_code == 400
    draw(settings, [(f"parcel {number}", "", "leave", 0.5) for number in range(9)], "2026-W48")
    give_all = labels.read(path_of(shopped))
    fields = {
        "sample": "2026-W48",
        "message": [f"{one.key}:{one.seen}" for one in give_all],
        "intent": "lost_parcel",
    }
    ana.post("/label/give", fields, **HTMX)  # type: ignore[arg-type]
    assert ana.post("/label/take").status_code == 303
    assert "utter_lost_parcel" in (settings.bot / "domain.yml").read_text(encoding="utf-8")
    assert "lost_parcel" in (settings.bot / "rules.yml").read_text(encoding="utf-8")
    assert git.git(workspace, "log", "-1", "--format=%s") == "1 new intent: lost_parcel (by Ana)"
    assert not git.changed(workspace, "bot")
    assert new_intents.read(settings) == ()
    assert [words[0] for words in begun] == ["ingest"]


@pytest.mark.parametrize(
    "name", ["Lost", "lost parcel", "leave", "out_of_scope", "nlu_fallback", "9x", "a__b", "x" * 61]
)
def test_a_name_that_cannot_be_an_intent_is_refused(shopped: Served, name: str) -> None:
    """Or that there is already."""
    answer = shopped.visitor(Role.LABEL).post("/label/intent", {"name": name, "answer": "x"})
    assert answer.status_code == 400
    assert new_intents.read(shopped.settings) == ()


def test_a_label_that_is_no_intent_any_more_stays_and_is_named(
    shopped: Served, begun: list[tuple[str, ...]]
) -> None:
    """After a rename nothing brings the old name back."""
    ben = shopped.visitor(Role.LABEL, "Ben")
    give(ben, messages(shopped)[:1], intent="laptop")
    file = shopped.settings.workspace / "data" / "utterances.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",laptop,", ",computer,"), encoding="utf-8")
    assert "no intents any more, and stay here: laptop" in ben.get("/label").text
    assert ben.post("/label/take").status_code == 400
    assert begun == []


def test_messages_are_drawn_by_the_harvest(shopped: Served, begun: list[tuple[str, ...]]) -> None:
    """The same command as on a terminal."""
    assert shopped.visitor(Role.LABEL).post("/label/draw").status_code == 303
    assert begun == [("harvest",)]


def test_before_the_first_sample_the_page_says_what_to_do(served: Served) -> None:
    """And nothing breaks without a corpus."""
    page = served.visitor(Role.LABEL).get("/label").text
    assert "No messages have been drawn yet" in page
    assert "/label/draw" in page


@pytest.mark.parametrize("sample", ["2026-W01", "../2026-W47", "2026-W47/..", ""])
def test_a_sample_is_one_that_there_is(shopped: Served, sample: str) -> None:
    """No name leads to another file."""
    one = messages(shopped)[0]
    fields = {"sample": sample, "message": f"{one.key}:{one.seen}", "intent": "leave"}
    assert shopped.visitor(Role.LABEL).post("/label/give", fields).status_code == 400


def test_hostile_messages_stay_texts(shopped: Served) -> None:
    """On the cards, on the lines, in a search and in the corpus: no text changes an element of the page."""
    pages: list[list[str]] = []
    for hostile in (False, True):
        written = [CONTROL.sub(" ", one) if hostile else "plain" for one in (*TEXTS, *MARKUP)]
        rows = [(f"word{number} {one}", "", f"guess{number}", 0.5) for number, one in enumerate(written)]
        draw(shopped.settings, rows)
        ana = shopped.visitor(Role.LABEL, "Ana")
        found = messages(shopped)
        addresses = [f"/label?all=yes&at={one.key}" for one in found]
        pages.append([ana.get(one).text for one in addresses])
        pages[-1].append(give(ana, found[:3], intent="leave"))
        pages[-1].append(ana.get("/label?state=labelled").text)
    assert [tags(page) for page in pages[0]] == [tags(page) for page in pages[1]]


def test_no_text_of_a_message_is_in_the_acts(shopped: Served) -> None:
    """The record says how many, and as what."""
    give(shopped.visitor(Role.LABEL, "Ana"), messages(shopped)[:2], intent="laptop")
    act = next(record.newest(shopped.settings))
    assert (act.by, act.route, act.sentence) == ("Ana", "/label/give", "marked 2 messages as laptop")
    assert all(text not in act.sentence for text, *_ in MESSAGES)
