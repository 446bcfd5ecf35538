"""The linear model without Rasa."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet_bot.components import encoders
from ratchet_bot.components.calibration import Sample, assign_folds, evidence, fit_temperature, fit_threshold
from ratchet_bot.components.linear import LinearModel, Options, train
from tests import corpus


def trained(options: Options | None = None) -> LinearModel:
    options = options or Options()
    rows = list(corpus.rows())
    return train(
        [r["text"] for r in rows], [r["intent"] for r in rows], [r["context"] for r in rows], options
    )


def intent_of(model: LinearModel, text: str, **context: str) -> str:
    return model.intents[int(model.predict([text], [context])[0][0].argmax())]


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
    loaded = LinearModel.load(tmp_path, encoders.find)
    for one, other in zip(loaded.predict(texts, contexts), model.predict(texts, contexts), strict=True):
        assert one.tobytes() == other.tobytes()
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


@pytest.mark.long
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
    assert (model.temperature, model.threshold) == (1.0, None)


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
    found = np.array([evidence for evidence, _ in answers])
    right = np.array([is_right for _, is_right in answers])
    threshold = fit_threshold(found, right, loss)
    lost = 0 if threshold is None else (right & (found < threshold)).sum()
    assert lost <= loss * len(answers)


def test_evidence_stays_low_when_every_intent_is_unlikely() -> None:
    """A clear winner among unlikely intents is confident and yet out of scope; an out-of-scope intent lowers it."""
    margins = np.array([[-0.9, -2.0, -2.0], [0.8, 0.7, -2.0]])
    alone = evidence(margins, 0.1, ())
    assert alone[0] < -0.8 < 0.8 < alone[1]
    assert evidence(np.array([[0.8, 0.5]]), 0.1, (1,)) < evidence(np.array([[0.8, -0.5]]), 0.1, (1,))


def test_what_says_the_same_is_held_back_together() -> None:
    """Copies never stand on both sides of a fold, and each intent's groups are spread evenly."""
    groups = np.arange(60) % 30
    sample = Sample(np.empty((60, 0)), np.repeat([0, 1], 30), groups, np.ones(60, dtype=bool))
    folds = assign_folds(sample, 5, seed=1)
    assert all(len(set(folds[groups == group])) == 1 for group in range(30))
    assert np.bincount(folds).tolist() == [12] * 5


def test_confidence_is_that_of_messages_with_their_context() -> None:
    """The copies without context are learnt and not asked: they would make all seem less sure."""
    sure = (
        trained(Options(context_dropout=0.5)).predict(["days off please"], [{"role": "contractor"}])[0].max()
    )
    assert sure > 0.9


def test_an_out_of_scope_intent_is_an_answer_of_its_own() -> None:
    """A message like the out-of-scope examples gets that intent, not the fallback, little as speaks for the others."""
    rows = list(corpus.rows())
    texts = [row["text"] for row in rows] + [f"what is the weather like {when}" for when in corpus.OPENERS]
    labels = [row["intent"] for row in rows] + ["out_of_scope"] * len(corpus.OPENERS)
    contexts = [row["context"] for row in rows] + [{}] * len(corpus.OPENERS)
    model = train(texts, labels, contexts, Options())
    confidences, believed = model.predict(["how is the weather"], [{}])
    assert model.intents[int(confidences[0].argmax())] == "out_of_scope"
    assert believed[0]
    assert not model.predict(["zyzzyva qwerty"], [{}])[1][0]
