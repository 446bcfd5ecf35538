"""The linear model without Rasa."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.linear import LinearModel, Options, fit_temperature, fit_threshold, train
from tests import corpus


def trained(options: Options | None = None) -> LinearModel:
    options = options or Options()
    rows = list(corpus.rows())
    return train(
        [r["text"] for r in rows], [r["intent"] for r in rows], [r["context"] for r in rows], options
    )


def intent_of(model: LinearModel, text: str, **context: str) -> str:
    return model.intents[int(model.confidences([text], [context])[0].argmax())]


def test_the_right_process_depends_on_role_and_location() -> None:
    """A wording that was never seen gets the process of the person's own role and location."""
    model = trained()
    for role in corpus.ROLES:
        for location in corpus.LOCATIONS:
            found = intent_of(model, "how can i get days off", role=role, location=location)
            assert found == corpus.leave_intent(role, location)


def test_context_dropout_keeps_messages_without_context_apart() -> None:
    """Without context, a message about leave still is about leave, and others keep their intent."""
    model = trained(Options(context_dropout=0.5))
    assert intent_of(model, "how can i get days off").startswith("leave")
    assert intent_of(model, "my notebook is broken") == "order_laptop"


def test_training_twice_gives_the_same_bits(tmp_path: Path) -> None:
    """Same rows, options and seed: the stored files are equal byte by byte."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        trained().save(tmp_path / name)
    for file in (tmp_path / "first").iterdir():
        assert file.read_bytes() == (tmp_path / "second" / file.name).read_bytes()


def test_a_loaded_model_predicts_the_same_bits(tmp_path: Path) -> None:
    """Saving and loading loses nothing."""
    model = trained()
    model.save(tmp_path)
    texts, contexts = ["days off please", "", "🎉"], [{"role": "contractor"}, {}, {"role": "?"}]
    loaded = LinearModel.load(tmp_path)
    assert loaded.confidences(texts, contexts).tobytes() == model.confidences(texts, contexts).tobytes()
    assert (loaded.temperature, loaded.threshold) == (model.temperature, model.threshold)


def test_two_intents_are_enough_and_one_is_not() -> None:
    """Two classes are a special case of the solver; one is refused."""
    texts = ["red wine", "green tea", "red beer", "green juice"] * 5
    labels = ["red", "green", "red", "green"] * 5
    model = train(texts, labels, [{}] * 20, Options())
    assert intent_of(model, "red") == "red"
    assert intent_of(model, "green") == "green"
    with pytest.raises(ValueError, match="two intents"):
        train(["a", "b"], ["x", "x"], [{}, {}], Options())


def test_a_thousand_intents_with_few_examples() -> None:
    """Many intents train, and each finds its own words."""
    texts = [f"topic{i} {word}" for i in range(1000) for word in ("please", "now")]
    labels = [f"intent{i}" for i in range(1000) for _ in range(2)]
    model = train(texts, labels, [{}] * 2000, Options(calibration_rows=200))
    assert intent_of(model, "topic523 today") == "intent523"


def test_one_example_for_each_intent() -> None:
    """Nothing is left to calibrate on, so confidence is uncalibrated and nothing is out of scope."""
    model = train(["red wine", "green tea", "black coffee"], ["a", "b", "c"], [{}] * 3, Options())
    assert intent_of(model, "tea") == "b"
    assert (model.temperature, model.threshold) == (1.0, 0.0)


@pytest.mark.parametrize("true", [0.1, 0.5, 2.0])
def test_the_temperature_is_found(true: float) -> None:
    """Margins that were multiplied by a number need that number as temperature."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(4000, 5)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([generator.choice(5, p=p) for p in probabilities])
    assert fit_temperature(logits * true, truth) == pytest.approx(true, rel=0.15)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200), st.floats(0, 0.2))
def test_the_threshold_gives_up_no_more_than_it_may(answers: list[tuple[float, bool]], loss: float) -> None:
    """At most `loss` of all messages turn from right to unanswered."""
    confidence = np.array([[c, -1.0] for c, _ in answers])
    truth = np.array([0 if right else 1 for _, right in answers])
    threshold = fit_threshold(confidence, truth, loss)
    lost = sum(right and c < threshold for c, right in answers)
    assert lost <= loss * len(answers)
