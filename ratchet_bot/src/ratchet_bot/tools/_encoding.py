"""Encodes a training's messages before it begins, with its progress on standard output."""

from __future__ import annotations

from typing import Any

from ratchet_bot.components import encoders
from ratchet_bot.components.encoder import EncoderError
from ratchet_bot.components.vectors import Cached


def encode(config: dict[str, Any], importer: Any) -> str:
    """Encode the messages before the training, saying how far that is: what is encoded by then is not encoded again.

    Returns why the classifier is trained without the encoder that it asks for, "" where nothing is against it.
    """
    for name in {item["encoder"] for item in config["pipeline"] if item.get("encoder")}:
        try:
            encoder = encoders.find(name)
        except EncoderError as error:
            print(f"{error} The linear classifier is trained alone.", flush=True)
            for item in config["pipeline"]:
                item.pop("encoder", None)
            return str(error)
        texts = [example.get("text") or "" for example in importer.get_nlu_data().intent_examples]
        if isinstance(encoder, Cached):
            encoder.encode(
                texts, lambda done, all_: print(f"encoded {done:,} of {all_:,} new messages", flush=True)
            )
    return ""
