"""Predicting a holdout in batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ratchet_bot.tools import evaluate
from ratchet_bot.tools._cost import measured
from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools._model import load, verify
from tests import corpus
from tests.conftest import BOT, Trained, train_in


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def holdout() -> list[dict[str, Any]]:
    rows = [{"key": f"k{i}", **row} for i, row in enumerate(corpus.rows())]
    odd = ["zyzzyva", "", "🎉", "/restart", "كلمة المرور", "days off " * 500]
    return rows + [
        {"key": f"odd{i}", "text": text, "intent": "?", "context": {}} for i, text in enumerate(odd)
    ]


def test_files_and_figures(trained: Trained, tmp_path: Path) -> None:
    """One file a model with the rows in their order, and the summary."""
    data = corpus.write(tmp_path / "holdout.jsonl", iter(holdout()))
    models = [word for name in ("one", "two") for word in ("--model", f"{name}={trained.archive}")]
    evaluate.main([*models, "--data", str(data), "--out", str(tmp_path / "out")])
    one, two = read(tmp_path / "out/one.jsonl"), read(tmp_path / "out/two.jsonl")
    assert [row["key"] for row in one] == [row["key"] for row in read(data)]
    assert one == two
    assert {"key", "intent", "confidence", "ranking", "entities"} == set(one[0])
    assert len(one[0]["ranking"]) == 3
    assert one[0]["ranking"][0][1] == one[0]["confidence"]
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert summary["one"]["rows"] == len(one)
    assert summary["one"]["model_id"] == trained.report["model_id"]
    assert 0 < summary["one"]["latency_p50_ms"] <= summary["one"]["latency_p95_ms"]
    assert summary["one"]["archive_bytes"] == trained.archive.stat().st_size
    assert summary["one"]["synonyms"] == {}


def test_memory_is_measured_from_the_same_start(trained: Trained, tmp_path: Path) -> None:
    """Twice the same archive takes about the same; one that cannot be loaded is not measured."""
    first, second = (measured(trained.archive, holdout()) for _ in range(2))
    assert first is not None
    assert second is not None
    assert abs(first["memory_bytes"] - second["memory_bytes"]) < 20_000_000 < first["memory_bytes"]
    assert 0 < first["latency_p50_ms"] <= first["latency_p95_ms"]
    junk = tmp_path / "junk.tar.gz"
    junk.write_bytes(b"junk")
    assert measured(junk, holdout()) is None


def test_entities_are_said_with_role_and_value(tmp_path: Path) -> None:
    """Of two extractors; what the synonyms say stands in the summary."""
    config = yaml.safe_load((BOT / "config.yml").read_text(encoding="utf-8"))
    names = ("WhitespaceTokenizer", "LexicalSyntacticFeaturizer", "CRFEntityExtractor", "EntitySynonymMapper")
    config["pipeline"] = [{"name": name} for name in names] + config["pipeline"]
    (tmp_path / "config.yml").write_text(json.dumps(config), encoding="utf-8")
    cities = ("rome", "oslo", "paris", "berlin", "madrid", "muc")
    fly = [
        f'fly from [{a}]{{"entity": "city", "role": "from"}} to [{b}]{{"entity": "city", "role": "to"}}'
        for a in cities
        for b in cities
        if a != b
    ]
    rows = [{"text": text, "intent": "fly"} for text in fly] + list(corpus.rows())[:40]
    extras = tmp_path / "extras"
    extras.mkdir()
    (extras / "synonym.yml").write_text(
        'version: "3.1"\nnlu:\n- synonym: Munich\n  examples: |\n    - muc\n', encoding="utf-8"
    )
    data = corpus.write(tmp_path / "train.jsonl", iter(rows))
    made = train_in(tmp_path, "--extras", str(extras), "--config", str(tmp_path / "config.yml"), data=data)
    asked = corpus.write(tmp_path / "asked.jsonl", iter([{"text": "fly from muc to rome", "intent": "fly"}]))
    evaluate.main(["--model", f"one={made.archive}", "--data", str(asked), "--out", str(tmp_path)])
    (answer,) = read(tmp_path / "one.jsonl")
    extractor = {"entity": "city", "extractor": "CRFEntityExtractor"}
    assert answer["entities"] == [
        {**extractor, "start": 9, "end": 12, "role": "from", "value": "Munich"},
        {**extractor, "start": 16, "end": 20, "role": "to", "value": "rome"},
    ]
    assert json.loads((tmp_path / "summary.json").read_text())["one"]["synonyms"]["muc"] == "Munich"


def test_batches_and_single_messages_agree_to_the_bit(trained: Trained) -> None:
    """A prediction does not depend on what else is in the batch."""
    model = load(trained.archive)
    texts = [row["text"] for row in holdout()]
    contexts = [row["context"] for row in holdout()]
    single = [model.predict([text], [context])[0] for text, context in zip(texts, contexts, strict=True)]
    assert model.predict(texts, contexts) == single


def test_the_fallback_keeps_the_models_own_ranking(trained: Trained) -> None:
    """`nlu_fallback` is the intent; ranking and confidence are the classifier's."""
    (prediction,) = load(trained.archive).predict(["zyzzyva qwerty"], [{}])
    assert prediction.intent == "nlu_fallback"
    assert prediction.ranking[0][0] != "nlu_fallback"
    assert prediction.confidence == prediction.ranking[0][1]


def test_context_decides(trained: Trained) -> None:
    """The same words, another role: another process."""
    contexts = [{"role": r, "location": loc} for r in corpus.ROLES for loc in corpus.LOCATIONS]
    predictions = load(trained.archive).predict(["days off in august"] * 4, contexts)
    assert [p.intent for p in predictions] == [corpus.leave_intent(**c) for c in contexts]


def test_a_model_with_another_digest_is_not_loaded(trained: Trained) -> None:
    """An archive is code, so it is verified before it is opened."""
    digest = verify(trained.archive, None)
    assert load(trained.archive, f"sha256:{digest}").model_id == trained.report["model_id"]
    with pytest.raises(ToolError, match="not loaded"):
        load(trained.archive, "0" * 64)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    """Truncated or foreign archives give one clear error."""
    junk = tmp_path / "junk.tar.gz"
    junk.write_bytes(b"junk")
    with pytest.raises(ToolError, match="cannot be loaded as a model"):
        load(junk)


@pytest.mark.parametrize("content", ["nonsense\n", '{"key": 1}\n', "[1]\n"])
def test_a_row_without_text_is_named(tmp_path: Path, content: str) -> None:
    """The error says which line it is."""
    data = tmp_path / "holdout.jsonl"
    data.write_text(content, encoding="utf-8")
    with pytest.raises(ToolError, match="line 1"):
        evaluate.read_rows(data)
