"""What the example help desk claims of itself."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml as pyyaml
from rapidfuzz import fuzz, process

from ratchet.domain.corpus.corpus import normalised
from ratchet.domain.corpus.personal_data import find

ROOT = Path(__file__).parents[1]
HELPDESK, EMPTY = ROOT / "examples" / "helpdesk", ROOT / "examples" / "empty"
ROLES = {"employee", "manager", "contractor", "intern"}
LOCATIONS = {"berlin", "london", "madrid", "remote"}
SMALL_TALK = {"greet", "goodbye", "thanks", "affirm", "deny", "talk_to_human"}
NEAR = 90


def yaml(path: Path) -> Any:
    """Read a YAML file."""
    return pyyaml.safe_load(path.read_text(encoding="utf-8"))


def group_rows(messages: pd.DataFrame, group: dict[str, Any]) -> pd.DataFrame:
    """Select the rows whose text stands under more than one intent of the group."""
    rows = messages[messages["intent"].isin(group["intents"])]
    ambiguous = rows.groupby("text")["intent"].nunique()
    return rows[rows["text"].isin(ambiguous[ambiguous > 1].index)]


@pytest.fixture(scope="module")
def messages() -> pd.DataFrame:
    """The rows of the example."""
    return pd.read_csv(HELPDESK / "data" / "utterances.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def groups() -> list[dict[str, Any]]:
    """The context groups, as written."""
    found: list[dict[str, Any]] = yaml(HELPDESK / "context_groups.yml")
    return found


def test_size(messages: pd.DataFrame) -> None:
    """There are 32 processes or more and 2,300 texts; each process has 55 texts, `out_of_scope` 150."""
    texts = messages.groupby("intent")["text"].nunique()
    processes = texts.drop([*SMALL_TALK, "out_of_scope"])
    assert len(processes) >= 32
    assert messages["text"].nunique() >= 2300
    assert processes.min() >= 55
    assert texts["out_of_scope"] >= 150
    assert texts[list(SMALL_TALK)].min() >= 20


def test_columns(messages: pd.DataFrame) -> None:
    """Context values are the four roles and locations or empty, and every row was written."""
    assert list(messages.columns) == ["text", "intent", "role", "location", "source"]
    assert set(messages["role"]) == {*ROLES, ""}
    assert set(messages["location"]) == {*LOCATIONS, ""}
    assert set(messages["source"]) == {"written"}
    assert not messages["text"].str.strip().eq("").any()


def test_labels_do_not_contradict(messages: pd.DataFrame) -> None:
    """No text stands twice in one context, so none stands there under two intents."""
    assert not messages.duplicated(["text", "role", "location"]).any()


def test_groups_are_ambiguous_by_text(messages: pd.DataFrame, groups: list[dict[str, Any]]) -> None:
    """Each of six groups or more has 25 texts, each in 3 to 6 contexts and under two intents or more, and no
    other text of the example has more than one intent."""
    assert len(groups) >= 6
    texts: set[str] = set()
    for group in groups:
        rows = group_rows(messages, group)
        assert rows["text"].nunique() >= 25, group
        assert rows.groupby("text").size().between(3, 6).all(), group
        assert set(rows["intent"]) == set(group["intents"])
        texts |= set(rows["text"])
    others = messages[~messages["text"].isin(texts)]
    assert others.groupby("text")["intent"].nunique().max() == 1


def test_context_decides_in_groups(messages: pd.DataFrame, groups: list[dict[str, Any]]) -> None:
    """A group's fields together give one intent for each combination of values; a part of them does not."""
    for group in groups:
        rows, fields = group_rows(messages, group), group["fields"]
        assert rows.groupby(fields)["intent"].nunique().max() == 1, group
        for field in fields if len(fields) > 1 else []:
            assert rows.groupby(field)["intent"].nunique().max() > 1, (group, field)


def test_two_groups_need_both_fields(groups: list[dict[str, Any]]) -> None:
    """At least two groups depend on role and location together."""
    assert sum(group["fields"] == ["role", "location"] for group in groups) >= 2


def test_no_look_alikes(messages: pd.DataFrame) -> None:
    """No two texts are near-duplicates of each other, within an intent or across."""
    texts = normalised(messages["text"].unique())
    ratios = np.triu(process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=NEAR), k=1)
    assert not [(texts[a], texts[b]) for a, b in np.argwhere(ratios >= NEAR)]


def test_no_frames(messages: pd.DataFrame) -> None:
    """Messages are no filled-in templates: texts of five words or more share their first four with few others."""
    starts: dict[str, list[str]] = defaultdict(list)
    for text in messages["text"].unique():
        words = text.casefold().split()
        if len(words) >= 5:
            starts[" ".join(words[:4])].append(text)
    most = max(starts.values(), key=len)
    assert len(most) <= 0.02 * sum(map(len, starts.values())), most


def test_no_personal_data(messages: pd.DataFrame) -> None:
    """No message has an e-mail address, a phone number, an IBAN or a card number."""
    assert not [text for text in messages["text"] if find(text)]


def test_bot_answers_every_intent(messages: pd.DataFrame) -> None:
    """Domain, rules and responses cover the corpus: one rule an intent, whose response exists and stands once
    without a condition."""
    domain, rules = yaml(ROOT / "bot" / "domain.yml"), yaml(ROOT / "bot" / "rules.yml")["rules"]
    actions = {rule["steps"][0]["intent"]: rule["steps"][1]["action"] for rule in rules}
    assert len(actions) == len(rules)
    assert set(domain["intents"]) == set(actions) == {*messages["intent"], "nlu_fallback", "nlu_handoff"}
    assert set(actions.values()) == set(domain["responses"])
    for texts in domain["responses"].values():
        assert sum("condition" not in text for text in texts) == 1


def test_conditions_name_known_values() -> None:
    """Responses are conditioned on values that the directory can give."""
    known = {"role": ROLES, "location": LOCATIONS}
    responses = yaml(ROOT / "bot" / "domain.yml")["responses"].values()
    conditions = [c for texts in responses for text in texts for c in text.get("condition", [])]
    assert len(conditions) >= 6
    assert all(condition["value"] in known[condition["name"]] for condition in conditions)


def test_conversations_fit_the_bot() -> None:
    """15 conversations or more expect intents that there are, and words that the intent's answers have."""
    domain, rules = yaml(ROOT / "bot" / "domain.yml"), yaml(ROOT / "bot" / "rules.yml")["rules"]
    actions = {rule["steps"][0]["intent"]: rule["steps"][1]["action"] for rule in rules}
    files = sorted((ROOT / "bot" / "tests" / "conversations").glob("*.yml"))
    conversations = [conversation for file in files for conversation in yaml(file)]
    assert len(conversations) >= 15
    for step in (step for conversation in conversations for step in conversation["steps"]):
        answers = " ".join(text["text"] for text in domain["responses"][actions[step["intent"]]])
        assert step["bot"].casefold() in answers.casefold(), step


def test_directory() -> None:
    """The directory names each of twenty people once; every role and location is there."""
    with (HELPDESK.parents[1] / "directory.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    assert list(people[0]) == ["user", "name", "role", "location"]
    assert len({person["user"] for person in people}) == len(people) == 20
    assert {person["role"] for person in people} == ROLES
    assert {person["location"] for person in people} == LOCATIONS


def test_empty_workspace_has_the_fallback() -> None:
    """An empty workspace's bot knows no intent of its own, only how to clarify and to hand over."""
    domain, rules = yaml(EMPTY / "bot" / "domain.yml"), yaml(EMPTY / "bot" / "rules.yml")["rules"]
    assert "intents" not in domain
    assert {"utter_clarify", "utter_handoff", "utter_out_of_scope"} <= set(domain["responses"])
    assert {rule["steps"][0]["intent"] for rule in rules} == {"nlu_fallback", "nlu_handoff"}
