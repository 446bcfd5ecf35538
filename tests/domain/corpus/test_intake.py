"""New rows come into a corpus once, and a label changes only when that is asked for."""

from typing import Any

import pandas as pd
import pytest

from ratchet.domain.corpus import ledger
from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.intake import Intake, merge, take
from ratchet.domain.corpus.ledger import SplitPolicy
from ratchet.domain.corpus.merging import relabels
from ratchet.domain.corpus.renames import Move, Succession
from ratchet.domain.corpus.validation import ValidationPolicy
from tests.corpora import rows

CORPUS = CorpusPolicy(context={"role": None})
POLICIES = (CORPUS, SplitPolicy(salt="test"), ValidationPolicy())

RENAMED = Succession("renamed", ("parking",), ("car_space",), (Move("parking", "car_space", 35, 35),))


def frame(*made: tuple[str, str, str]) -> pd.DataFrame:
    """Rows of text, intent and role."""
    return pd.DataFrame(
        [
            {"text": text, "intent": intent, "role": role, "source": "x", "place": "f:1"}
            for text, intent, role in made
        ],
        columns=["text", "intent", "role", "source", "place"],
        dtype="str",
    )


def labels(merged_frame: pd.DataFrame) -> list[list[str]]:
    """Texts, intents and roles."""
    return merged_frame[["text", "intent", "role"]].to_numpy().tolist()


OLD = frame(("a pc", "laptop", ""), ("a week off", "leave", "manager"))


def test_known_rows_are_counted_and_not_repeated() -> None:
    """Case and markup do not make a row new; another context does."""
    merged = merge(OLD, frame(("A [pc](device)", "laptop", ""), ("a pc", "laptop", "manager")), CORPUS, False)
    assert merged.known == 1
    assert labels(merged.frame[merged.fresh]) == [["a pc", "laptop", "manager"]]


def test_a_row_that_kept_its_text_and_context_was_relabelled() -> None:
    """Each once, whatever became of its markup; another context is another row."""
    after = frame(
        ("A [pc](device)", "notebook", ""), ("a week off", "laptop", "intern"), ("a pc", "leave", "manager")
    )
    assert relabels(OLD, after, ["role"]) == {("laptop", "notebook"): 1}
    assert not relabels(OLD, OLD, ["role"])
    twice = frame(("a pc", "laptop", ""), ("a pc", "leave", ""))
    assert relabels(OLD, twice, ["role"]) == {}
    assert relabels(twice, frame(("a pc", "device", "")), ["role"]) == {("laptop", "device"): 1}


def test_a_new_label_overrules_only_on_request() -> None:
    """Without `relabel` both rows stand, and validation names the conflict; with it the new one stays."""
    new = frame(("a pc", "hardware", ""))
    assert len(merge(OLD, new, CORPUS, False).frame) == 3
    merged = merge(OLD, new, CORPUS, True)
    assert (merged.relabelled, labels(merged.frame)) == (
        1,
        [["a week off", "leave", "manager"], ["a pc", "hardware", ""]],
    )


def test_a_label_without_a_context_relabels_the_text_in_all_it_has() -> None:
    """A file without context columns corrects each row of its texts; a row that names more of a context goes before."""
    old = frame(
        ("all down", "wifi", "manager"),
        ("all down", "wifi", "intern"),
        ("all down", "vpn", ""),
        ("b", "x", ""),
    )
    merged = merge(old, frame(("All down", "vpn", "")), CORPUS, True)
    assert sorted(labels(merged.frame)) == [
        ["All down", "vpn", "intern"],
        ["All down", "vpn", "manager"],
        ["all down", "vpn", ""],
        ["b", "x", ""],
    ]
    assert (merged.relabelled, merged.known, int(merged.fresh.sum())) == (2, 0, 2)
    assert merged.account[0].sentence == "1 row without a context relabelled 2 messages in their contexts."
    merged = merge(old, frame(("all down", "net", ""), ("all down", "wifi", "intern")), CORPUS, True)
    assert sorted(labels(merged.frame)) == [
        ["all down", "net", ""],
        ["all down", "net", "manager"],
        ["all down", "wifi", "intern"],
        ["b", "x", ""],
    ]
    twice = merge(old, frame(("all down", "net", ""), ("all down", "lan", "")), CORPUS, True)
    assert (twice.relabelled, len(twice.frame)) == (0, 6)  # validation names the contradiction


def test_one_faulty_row_refuses_all_and_can_be_left_out() -> None:
    """All or nothing, unless the caller asks for the good rows."""
    good = [
        {**row, "role": "", "source": "x", "place": "f:1"}
        for name in ("leave", "pc")
        for row in rows(name, 12)
    ]
    bad = [{"text": "", "intent": "pc", "role": "", "source": "x", "place": "f:9"}]
    incoming = pd.DataFrame([*good, *bad], dtype="str")
    nothing = frame()
    assert not take(nothing, incoming, ledger.empty(), POLICIES).accepted
    taken = take(nothing, incoming, ledger.empty(), POLICIES, drop_faulty=True)
    assert (taken.accepted, taken.left_out, len(taken.merged.frame)) == (True, 1, 24)


@pytest.mark.parametrize(
    ("counts", "headline"),
    [
        ({"added": 1200}, "Data: 1,200 messages in from new.csv"),
        (
            {"added": 5, "relabelled": 2, "removed": 1},
            "Data: 5 messages in, 2 relabelled, 1 removed from new.csv",
        ),
        ({"beside": True}, "Data: extras from new.csv"),
        ({"added": 1}, "Data: 1 message in from new.csv"),
        (
            {"relabelled": 35, "moved": 35, "successions": (RENAMED,), "files": ()},
            "Data: renamed parking → car_space (35 of 35) by hand",
        ),
        (
            {"added": 2, "relabelled": 36, "moved": 35, "successions": (RENAMED,) * 3},
            "Data: renamed parking → car_space (35 of 35), renamed parking → car_space (35 of 35), 1 other group of "
            "intents in new names, 2 messages in, 1 relabelled from new.csv",
        ),
        ({}, "Data: nothing new"),
    ],
)
def test_the_headline_says_what_came_in(counts: dict[str, Any], headline: str) -> None:
    """It becomes the subject of the commit."""
    report = take(frame(), frame(), ledger.empty(), POLICIES).report
    none = {
        "added": 0,
        "known": 0,
        "relabelled": 0,
        "removed": 0,
        "left_out": 0,
        "beside": False,
        "messages": 9,
        "intents": 2,
    }
    made = Intake(
        accepted=True,
        repairs={},
        sides={},
        revision="r",
        report=report,
        page="p",
        **{"files": ("/x/new.csv",), **none, **counts},
    )
    assert made.headline() == headline
    assert Intake.from_dict(made.as_dict()) == made


def test_what_patterns_let_through_is_counted() -> None:
    """Each pattern with its number, in the account: an allowance that grew too broad is seen."""
    policies = (
        CORPUS,
        SplitPolicy(salt="test"),
        ValidationPolicy(personal_data_allowed=["*@acme.example", "030 1*"]),
    )
    texts = ("write to a@acme.example", "write to b@acme.example", "call 030 123 45 67", "call 030 999 45 67")
    incoming = frame(*((text, f"i{number}", "") for number, text in enumerate(texts)))
    report = take(frame(), incoming, ledger.empty(), policies).report
    [said] = [one for one in report.account if one.rule == "personal data allowed"]
    assert said.sentence.endswith("let through by personal_data_allowed: *@acme.example 2, 030 1* 1.")
    assert (said.count, [one.count for one in report.errors if one.rule == "personal data"]) == (3, [1])
