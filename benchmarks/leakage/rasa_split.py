"""Rasa's own splitter, in the bot's environment: texts and intents from a file, out come the test rows' numbers."""

import json
import random
import sys
from pathlib import Path

from ratchet_bot.components.lean import install  # a stand-in for TensorFlow, before Rasa is imported

install()

from rasa.shared.nlu.training_data.message import Message  # noqa: E402
from rasa.shared.nlu.training_data.training_data import TrainingData  # noqa: E402


def main() -> None:
    """Split as `rasa data split nlu --random-seed` does."""
    given = json.loads(Path(sys.argv[1]).read_text())
    pairs = enumerate(zip(given["texts"], given["intents"], strict=True))
    messages = [Message.build(text=text, intent=intent, number=number) for number, (text, intent) in pairs]
    random.seed(given["seed"])
    _, test = TrainingData(messages).train_test_split(1 - given["share"], given["seed"])
    json.dump([message.get("number") for message in test.training_examples], sys.stdout)


main()
