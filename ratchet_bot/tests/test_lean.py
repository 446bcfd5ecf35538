"""The stand-in for TensorFlow and Matplotlib."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ratchet_bot.components import lean
from ratchet_bot.tools import train
from ratchet_bot.tools._errors import ToolError

lean_only = pytest.mark.skipif("tensorflow" not in lean.absent(), reason="TensorFlow is installed here")


@lean_only
def test_placeholders_can_be_imported_subclassed_and_annotated_with() -> None:
    """What Rasa's modules do with TensorFlow while they are imported succeeds."""
    import tensorflow as tf
    from tensorflow.keras.layers import Layer

    class Own(Layer):  # type: ignore[misc]
        size: tf.Tensor

        @tf.function
        def double(self, value: int) -> int:
            return 2 * value

    assert issubclass(Own, tf.keras.layers.Layer) is False or Own.__mro__
    assert Own.double(None, 4) == 8


@lean_only
def test_work_is_refused_with_the_remedy() -> None:
    """As soon as something wants TensorFlow to do anything, the error says what to install."""
    import tensorflow as tf

    with pytest.raises(ImportError, match='"tensorflow" to default-groups'):
        tf.keras.layers.Dense(3)


def test_installed_libraries_are_left_alone() -> None:
    """Only libraries that this environment lacks get a placeholder."""
    import numpy

    lean.install()
    assert numpy.array([1]).sum() == 1
    assert "numpy" not in lean.absent()


@lean_only
@pytest.mark.parametrize("component", ["DIETClassifier", "ResponseSelector"])
def test_a_pipeline_with_tensorflow_is_refused_before_training(component: str) -> None:
    """The configuration check names the component and the remedy."""
    config = {"pipeline": [{"name": component}], "policies": []}
    with pytest.raises(ToolError, match=f"{component} needs tensorflow.*default-groups"):
        train.effective_config(config, seed=1)


@lean_only
def test_a_tensorflow_policy_is_refused_too() -> None:
    """TED is a policy, not a pipeline component."""
    with pytest.raises(ToolError, match="TEDPolicy needs tensorflow"):
        train.effective_config(
            {"pipeline": [{"name": "WhitespaceTokenizer"}], "policies": [{"name": "TEDPolicy"}]}, 1
        )


@pytest.mark.parametrize(
    "channel", ["telegram", "twilio", "slack", "webexteams", "rocketchat", "facebook", "hangouts"]
)
def test_a_channel_without_its_library_names_its_extra(channel: str) -> None:
    """The command is that of the channel, whatever its module imports first."""
    from rasa.core.channels import BUILTIN_CHANNELS

    library = lean.needed(BUILTIN_CHANNELS[channel])
    assert library
    assert f"`uv add 'ratchet-bot[{channel}]'`" in lean.remedy(library)


def test_the_tools_import_without_noise() -> None:
    """Importing Rasa through the tools prints nothing, not even on standard error."""
    code = (
        "import ratchet_bot.tools, rasa.model_training, rasa.core.run, rasa.engine.recipes.default_components"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
