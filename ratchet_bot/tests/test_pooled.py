"""The classifier with a sentence encoder, and that it is bit for bit the linear one without."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.nlu.training_data.message import Message

from ratchet_bot.components import encoders, pooled
from ratchet_bot.components.encoder import EncoderError
from ratchet_bot.components.linear import LinearModel, Options, train
from ratchet_bot.tools import evaluate, serve
from ratchet_bot.tools._errors import ToolError
from ratchet_bot.tools._model import load
from tests import corpus, tiny_encoder
from tests.conftest import train_in
from tests.test_classifier import Bench, message, output

ROWS = list(corpus.rows())
PREDICTED = "2151f5c4ac4ed6e4b314c6fe41b9a31296f9d86a0b597507cbe8f493cfa6d5b4"
"""SHA-256 of what the linear classifier predicted before there was an encoder, confidences to the sixth digit."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder of encoders with a small one; returns its digest."""
    digest = tiny_encoder.write(tmp_path / "encoders" / "tiny")
    monkeypatch.setenv("RATCHET_ENCODERS", str(tmp_path / "encoders"))
    return digest


def trained(encoder: Any = None, options: Options | None = None) -> LinearModel:
    return train(
        *([row[name] for row in ROWS] for name in ("text", "intent", "context")),
        options or Options(),
        encoder,
    )


def top(model: LinearModel, text: str, **context: str) -> str:
    return model.intents[int(model.predict([text], [context])[0][0].argmax())]


def test_without_an_encoder_it_is_the_linear_classifier() -> None:
    """The same bits as before there was one."""
    confidences, believed = trained().predict(
        [f"{r['text']} thanks" for r in ROWS], [r["context"] for r in ROWS]
    )
    found = hashlib.sha256(np.round(confidences, 6).tobytes() + believed.tobytes()).hexdigest()
    assert found == PREDICTED


def test_it_understands_words_that_no_message_has(here: str) -> None:
    """Vectors know what means the same; role and location decide as before."""
    model = trained(encoders.find("tiny"))
    assert top(model, "passphrase") == "reset_password"
    assert top(model, "boardroom please") == "book_room"
    for role in corpus.ROLES:
        for location in corpus.LOCATIONS:
            found = top(model, "how can i get a sabbatical", role=role, location=location)
            assert found == corpus.leave_intent(role, location)


def test_training_twice_gives_the_same_bits(here: str, tmp_path: Path) -> None:
    """Same rows, options, seed and encoder: the stored files are equal byte by byte."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        trained(encoders.find("tiny")).save(tmp_path / name)
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()


def test_a_loaded_model_predicts_the_same_bits(here: str, tmp_path: Path) -> None:
    """Saving and loading loses nothing; the archive has no weights of the encoder, only its digest."""
    model = trained(encoders.find("tiny"))
    model.save(tmp_path)
    texts, contexts = ["sabbatical please", "", "🎉"], [{"role": "contractor"}, {}, {"role": "?"}]
    loaded = LinearModel.load(tmp_path, encoders.find)
    for one, other in zip(loaded.predict(texts, contexts), model.predict(texts, contexts), strict=True):
        assert one.tobytes() == other.tobytes()
    assert json.loads((tmp_path / "model.json").read_text())["pool"]["digest"] == here


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LinearModel:
    folder = tmp_path_factory.mktemp("encoders")
    tiny_encoder.write(folder)
    return trained(encoders.opened(str(folder), "", 1))


WORDS = [*(word for group in tiny_encoder.SAME for word in group), "please", "how", "do", "i"]


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), min_size=2, max_size=30))
def test_a_row_is_the_same_whatever_else_is_in_the_batch(model: LinearModel, texts: list[str]) -> None:
    """Each message alone gets the bits that it gets among others."""
    contexts = [{"role": "employee"}] * len(texts)
    together, believed = model.predict(texts, contexts)
    for place, text in enumerate(texts):
        alone, sure = model.predict([text], contexts[:1])
        assert alone[0].tobytes() == together[place].tobytes()
        assert sure[0] == believed[place]


@pytest.mark.parametrize(
    ("intent", "words"),
    [
        ("card_arrival", "card arrival"),
        ("faq/cardArrival-late", "faq card arrival late"),
        ("HTTPError", "http error"),
        ("konto_schließen", "konto schließen"),
        ("q2_2024", "q2 2024"),
        ("17", ""),
        ("_", ""),
    ],
)
def test_an_intents_name_in_words(intent: str, words: str) -> None:
    """Whatever way teams write names; one without letters says nothing."""
    assert pooled.in_words(intent) == words


def test_a_name_is_a_message_of_its_intent_but_none_out_of_scope() -> None:
    """With few messages the name's own words are understood."""
    texts, labels = ["hand it in", "give it back", "no idea", "what"], ["expense_report"] * 2 + ["oos"] * 2
    model = train([*texts, "hello", "hi"], [*labels, "greet", "greet"], [{}] * 6, Options(), Flat())
    assert top(model, "expense") == "expense_report"
    assert "oos" not in model.features.words.terms
    plain = train([*texts, "hello", "hi"], [*labels, "greet", "greet"], [{}] * 6, Options())
    assert "expense" not in plain.features.words.terms


class Flat:
    """A fake that knows nothing: all texts are one vector."""

    name, digest = "flat", "f" * 64

    def encode(self, texts: list[str]) -> np.ndarray:
        return np.full((len(texts), 3), 3**-0.5, dtype=np.float32)


def test_vectors_that_say_nothing_do_no_harm() -> None:
    """All texts on one point: the linear part decides."""
    model = trained(Flat())
    assert top(model, "my notebook is broken") == "order_laptop"
    assert top(model, "days off", role="contractor") == "leave_agency"


def test_two_intents_with_one_message_each() -> None:
    """Nothing can be held back but against the names."""
    model = train(["red wine", "green tea"], ["red", "green"], [{}, {}], Options(), Flat())
    assert top(model, "green") == "green"


@given(st.integers(1, 8), st.floats(0.2, 4), st.floats(0.2, 4))
def test_the_weights_of_both_parts_are_found(seed: int, u: float, v: float) -> None:
    """Intents drawn from softmax(u · a + v · b) give back about u and v."""
    generator = np.random.default_rng(seed)
    a, b = generator.normal(size=(2, 3000, 4))
    logits = u * a + v * b
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (shares.cumsum(axis=1) < generator.random((3000, 1))).sum(axis=1).clip(0, 3)
    found = pooled.fit_weights(a, b, truth)
    assert found == (pytest.approx(u, rel=0.35, abs=0.1), pytest.approx(v, rel=0.35, abs=0.1))


def test_the_regression_finds_what_scikit_learn_finds() -> None:
    """The same objective, in other coordinates: the same probabilities; an intent without a row is never likely."""
    from scipy.special import softmax
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(1)
    targets = np.repeat([0, 1, 3], 20)
    spread = np.geomspace(1, 0.01, 8)  # as uneven as the spread of sentence vectors
    rows = pooled.unit((generator.standard_normal((60, 8)) * spread + np.eye(8)[targets]).astype(np.float32))
    weights, bias = pooled.fit(rows, targets, 4)
    found = softmax(rows @ weights + bias, axis=1)
    wanted = LogisticRegression(C=pooled.COST, tol=1e-6, max_iter=1000).fit(rows, targets).predict_proba(rows)
    assert np.abs(found[:, [0, 1, 3]] - wanted).max() < 0.02
    assert found[:, 2].max() < 1e-6


def test_a_missing_encoder_lets_the_linear_classifier_be_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration asks for one that is not there: what is trained is the linear one, and loads by itself."""
    monkeypatch.delenv("RATCHET_ENCODERS", raising=False)
    bench = Bench(tmp_path, encoder="english")
    classifier = bench.trained()
    assert classifier.model is not None
    assert classifier.model.pool is None
    assert output(bench.loaded(), message("forgot my password"))[0]["intent"]["name"] == "reset_password"


def test_a_model_is_not_loaded_without_its_encoder(
    here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with another one either: what it says would be nonsense."""
    (tmp_path / "storage").mkdir()
    bench = Bench(tmp_path / "storage", encoder="tiny", in_scope_loss=None)
    bench.trained()
    assert (
        output(bench.loaded(), Message({"text": "please reset my passphrase"}))[0]["intent"]["name"]
        == "reset_password"
    )
    tiny_encoder.write(tmp_path / "others" / "tiny", title="other weights")
    monkeypatch.setenv("RATCHET_ENCODERS", str(tmp_path / "others"))
    with pytest.raises(EncoderError, match=f"no sentence encoder {here[:12]}"):
        bench.loaded()


def test_the_tools_train_and_evaluate_with_an_encoder(
    here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report names it, each message is encoded once, and the archive is not loaded without it."""
    monkeypatch.setenv("RATCHET_VECTORS", str(tmp_path / "vectors"))
    made = train_in(tmp_path, "--encoder", here)
    assert made.report["encoder"]["digest"] == here
    assert made.report["without_encoder"] == ""
    assert f"encoded {len({row['text'] for row in ROWS})} of" in capsys.readouterr().out
    train_in(tmp_path, "--encoder", here)
    assert "encoded" not in capsys.readouterr().out
    evaluate.main(["--model", f"m={made.archive}", "--data", str(made.data), "--out", str(tmp_path / "out")])
    monkeypatch.setenv("RATCHET_ENCODERS", str(tmp_path / "nowhere"))
    wanted = rf"without its sentence encoder: There is no sentence encoder {here[:12]}.*Run `ratchet serve`"
    with pytest.raises(ToolError, match=wanted):
        load(made.archive)
    nowhere = SimpleNamespace(trackers=None, locks=None)
    with pytest.raises(ToolError, match=wanted):
        serve.load_agent(made.archive, tmp_path / "none.yml", nowhere)
    monkeypatch.setenv("RATCHET_ENCODERS", str(tmp_path / "encoders"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    encoders.opened.cache_clear()
    with pytest.raises(
        ToolError, match=r"environment lacks onnxruntime.*Run `uv add onnxruntime tokenizers`"
    ):
        load(made.archive)


def test_the_tool_says_why_it_trains_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for one that is not there, and asked for none."""
    monkeypatch.setenv("RATCHET_ENCODERS", str(tmp_path))
    without = train_in(tmp_path, "--encoder", "english")
    assert without.report["encoder"] is None
    assert "no sentence encoder english" in without.report["without_encoder"]
    none = train_in(tmp_path, "--encoder", "none")
    assert (none.report["encoder"], none.report["without_encoder"]) == (None, "")
