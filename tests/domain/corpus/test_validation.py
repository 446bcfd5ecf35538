"""A file with one of each planted fault: every fault is named, with its row and text."""

import hashlib

import pandas as pd

from ratchet.domain.corpus.corpus import CorpusPolicy
from ratchet.domain.corpus.findings import ValidationReport, with_review
from ratchet.domain.corpus.validation import WARNINGS, ValidationPolicy, validate

CORPUS = CorpusPolicy(context={"role": ["employee", "manager"], "location": None})
POLICY = ValidationPolicy()


def good(intent: str, number: int = 25) -> list[dict[str, str]]:
    """Rows without a fault."""
    texts = [
        hashlib.sha256(f"{intent}{n}".encode())
        .hexdigest()
        .translate(str.maketrans("0123456789", "ghijklmnop"))
        for n in range(number)
    ]
    return [
        {"text": text, "intent": intent, "role": "employee", "location": "", "source": "x"} for text in texts
    ]


def check(*rows: dict[str, str], base: int = 25, policy: ValidationPolicy = POLICY) -> ValidationReport:
    """Validate two good intents and these rows after them."""
    known = [*good("leave", base), *good("laptop", base)]
    filled = [
        {"text": "a text", "intent": "leave", "role": "", "location": "", "source": "x", **row}
        for row in rows
    ]
    return validate(pd.DataFrame([*known, *filled], dtype="str"), policy, CORPUS)


def errors(report: ValidationReport) -> dict[str, tuple[str, ...]]:
    """The rules that errors name, with the rows."""
    return {one.rule: one.rows for one in report.errors}


FIRST = "utterances.csv:52"
SECOND = "utterances.csv:53"


def test_good_rows_have_neither_errors_nor_warnings() -> None:
    """Nothing fires without cause."""
    report = check()
    assert report.ok
    assert report.warnings == ()


def test_an_empty_text_is_named() -> None:
    """White space is no text."""
    assert errors(check({"text": "  "})) == {"empty text": (FIRST,)}


def test_a_null_like_text_is_named() -> None:
    """What tools write for a missing value."""
    assert errors(check({"text": "NaN"})) == {"null-like text": (FIRST,)}


def test_a_missing_intent_is_named() -> None:
    """A row without a label cannot be learnt from."""
    assert errors(check({"intent": ""})) == {"empty intent": (FIRST,)}


def test_an_unknown_context_value_is_named_where_values_are_listed() -> None:
    """`role` is an enumeration, `location` is not."""
    assert errors(check({"role": "boss", "location": "mars"})) == {"unknown role": (FIRST,)}


def test_control_and_replacement_characters_are_named() -> None:
    """They stand where a conversion went wrong."""
    report = check({"text": "bell \x07 rings"}, {"text": "caf\ufffd"})
    assert errors(report) == {"control characters": (FIRST, SECOND)}


def test_a_text_under_two_intents_in_one_context_is_named() -> None:
    """Case and markup do not hide it; another context does not have it."""
    report = check({"text": "Give me a [pc](device)"}, {"text": "give me a PC", "intent": "laptop"})
    assert errors(report) == {"conflicting intents": (FIRST, SECOND)}
    assert "laptop / leave" in report.errors[0].sentence
    assert check({"text": "a pc"}, {"text": "a pc", "intent": "laptop", "role": "manager"}).ok


def test_personal_data_is_named_and_masked() -> None:
    """The report itself must not spread it."""
    report = check({"text": "mail joe@corp.com"})
    assert errors(report) == {"personal data": (FIRST,)}
    assert report.errors[0].texts == ("mail <e-mail>",)
    assert "joe@corp.com" not in str(report.as_dict())
    assert check(
        {"text": "mail joe@corp.com"}, policy=ValidationPolicy(personal_data_allowed=["joe@corp.com"])
    ).ok


def test_an_intent_with_too_few_examples_is_an_error_and_with_few_a_warning() -> None:
    """Nine are too few, nineteen are few; the number stands beside the threshold."""
    report = validate(
        pd.DataFrame([*good("leave"), *good("laptop", 9), *good("travel", 19)], dtype="str"), POLICY, CORPUS
    )
    assert [one.sentence for one in report.errors] == ["1 intent with fewer than 10 examples: laptop (9)."]
    assert [one.sentence for one in report.warnings] == ["1 intent with fewer than 20 examples: travel (19)."]


def test_one_intent_is_too_few() -> None:
    """A classifier needs two."""
    report = validate(pd.DataFrame(good("leave"), dtype="str"), POLICY, CORPUS)
    assert [one.rule for one in report.errors] == ["too few intents"]


def test_imbalance_is_a_warning_with_its_numbers() -> None:
    """The ratio stands beside the limit."""
    report = validate(pd.DataFrame([*good("leave", 231), *good("laptop", 21)], dtype="str"), POLICY, CORPUS)
    assert report.ok
    assert "leave has 11.0 times the examples of laptop (231 and 21" in report.warnings[0].sentence


def test_near_duplicates_across_intents_are_a_warning_within_one_context() -> None:
    """Both rows are named; in different contexts the same words may mean different things."""
    one = {"text": "how do i book a holiday now", "intent": "leave"}
    other = {"text": "how do i book a holidays now", "intent": "laptop"}
    report = check(one, other)
    assert report.ok
    assert [(warning.rule, warning.rows) for warning in report.warnings] == [
        ("near-duplicates across intents", (FIRST, SECOND))
    ]
    assert check({**one, "role": "manager"}, {**other, "role": "employee"}).warnings == ()


def test_rows_that_were_checked_before_are_not_named_again() -> None:
    """Only fresh rows and their pairs count; rules about intents look at all."""
    bad = [{"text": "", "intent": "leave", "role": "", "location": "", "source": "x"}]
    frame = pd.DataFrame([*good("leave"), *good("laptop"), *bad], dtype="str")
    assert validate(frame, POLICY, CORPUS, pd.Series([False] * 51)).ok
    assert not validate(frame, POLICY, CORPUS, pd.Series([False] * 50 + [True])).ok


def test_faulty_rows_are_all_known_by_number() -> None:
    """Faults of a row are told apart from those of a whole intent."""
    report = check({"text": ""}, {"text": "x", "intent": "rare"})
    assert report.faulty == (50,)
    assert set(errors(report)) == {"empty text", "too few examples"}


def test_a_report_survives_json() -> None:
    """It is kept beside the data revision and read back."""
    report = check({"text": ""})
    assert ValidationReport.from_dict(report.as_dict()) == report


def test_suspected_label_errors_never_block() -> None:
    """They are a list to review."""
    suspects = pd.DataFrame(
        {"text": ["a"], "intent": ["x"], "place": ["f:1"], "likely": ["y"], "ratio": [0.01]}
    )
    report = with_review(check(), suspects, [], 0.1)
    assert report.ok
    assert report.warnings[0].texts == ("a  (x; rather y?)",)


def test_every_warning_has_a_name_that_the_gates_policy_may_list() -> None:
    """A warning that is missing there could not be made a question."""
    one = {"text": "how do i book a holiday now", "intent": "leave"}
    other = {"text": "how do i book a holidays now", "intent": "laptop"}
    report = check(*good("greet", 15), *good("travel", 231), one, other)
    assert {warning.rule for warning in report.warnings} == set(WARNINGS)
