"""A loaded bot that is talked to without a server: every variation of an answer, every action that ran or failed."""

from __future__ import annotations

import copy
import itertools
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from ratchet_bot.channel import memory
from ratchet_bot.channel.context_slots import changed_by_context, context_slots
from ratchet_bot.channel.conversation import CHANNEL
from ratchet_bot.components.importer import FALLBACK_INTENT, HANDOFF_INTENT
from ratchet_bot.tools._model import parse, prediction_of
from ratchet_bot.tools.serve import load_agent

VARIATIONS = "ratchet_variations"
REFUSED = 400
"""With this status an action server says that an action does not apply now, as a form's validation may."""
BESIDES = ("image", "attachment", "custom", "quick_replies", "elements")


class Answers(TemplatedNaturalLanguageGenerator):
    """Rasa's own answers, the first of several variations each time, with all of them in the message's metadata."""

    def variations(
        self, name: str, slots: Mapping[str, Any], channel: str, **values: Any
    ) -> list[dict[str, Any]]:
        """Every variation of a response that may be said with these slots."""
        if name not in self.responses:
            return []
        fitting = ResponseVariationFilter(self.responses).responses_for_utter_action(
            name, channel, dict(slots)
        )
        return [self._fill_response(copy.deepcopy(one), dict(slots), **values) for one in fitting]

    def generate_from_slots(
        self, utter_action: str, filled_slots: dict[str, Any], output_channel: str, **values: Any
    ) -> dict[str, Any] | None:
        """See Rasa's generator."""
        found = self.variations(utter_action, filled_slots, output_channel, **values)
        return {**found[0], VARIATIONS: [shown(one) for one in found]} if found else None


def shown(message: Mapping[str, Any]) -> str:
    """A message as one text: its words, the titles of its buttons, and whatever else it carries."""
    parts = [str(message.get("text") or "").strip()]
    parts += [f"[{button.get('title', '')}]" for button in message.get("buttons") or ()]
    parts += [json.dumps(message[key], sort_keys=True, default=str) for key in BESIDES if message.get(key)]
    return " ".join(part for part in parts if part)


class Actions(EndpointConfig):
    """Custom actions at a URL; without one they do not run, which is noted, and change and say nothing."""

    def __init__(self, url: str | None) -> None:
        super().__init__(url or "")
        self._runs = url is not None
        self.unplayed: list[str] = []
        self.failed: list[str] = []

    async def request(self, *arguments: Any, **options: Any) -> Any:
        """See Rasa's endpoint."""
        name = str((options.get("json") or {}).get("next_action"))
        if not self._runs:
            self.unplayed.append(name)
            return {"events": [], "responses": []}
        try:
            return await super().request(*arguments, **options)
        except ClientResponseError as error:
            if error.status != REFUSED:
                self.failed.append(f"{name} ({error.status})")
            raise
        except Exception as error:
            self.failed.append(f"{name} ({error or type(error).__name__})")
            raise


@dataclass(frozen=True)
class Played:
    """What one message led to.

    `said` has the variations of each message of the bot; `actions` ran; of the custom ones `unplayed` were not run,
    and `failed` raised. `parsed` is what the message was taken for.
    """

    parsed: dict[str, Any]
    said: tuple[tuple[str, ...], ...]
    actions: tuple[str, ...] = ()
    unplayed: tuple[str, ...] = ()
    failed: tuple[str, ...] = field(default=())

    @property
    def intent(self) -> str:
        """The intent that the bot answered to."""
        return str(self.parsed["intent"]["name"])


class Player:
    """One model with the code of the current folder."""

    def __init__(self, model: Path, domain: Path, actions_url: str | None) -> None:
        logging.getLogger("rasa.core.processor").setLevel(
            logging.CRITICAL
        )  # failed actions are told by `Played`
        self.actions = Actions(actions_url)
        self.agent = load_agent(model, domain, memory.make(None), self.actions)
        self.processor = self.agent.processor
        self.answers = Answers(self.agent.nlg.responses)
        self.agent.nlg = self.processor.nlg = self.answers
        self.context_slots = context_slots(self.agent.domain)
        self._numbers = itertools.count()

    def begin(self) -> str:
        """The name of a new conversation."""
        return f"play-{next(self._numbers)}"

    async def say(
        self, conversation: str, text: str, context: Mapping[str, str], parsed: dict[str, Any] | None = None
    ) -> Played:
        """Say something and return what came of it, as the channel does; `parsed` is in place of understanding it."""
        output, metadata = CollectingOutputChannel(), {"context": dict(context)}
        tracker = await self.processor.fetch_tracker_and_update_session(conversation, output, metadata)
        parsed = {**(parsed or self.understood(text, context, tracker)), "text": text}
        domain = self.agent.domain
        tracker.update_with_events(changed_by_context(tracker, domain, context), domain)
        await self.processor.save_tracker(tracker)
        self.actions.unplayed.clear()
        self.actions.failed.clear()
        await self.processor.handle_message(
            UserMessage(
                text, output, conversation, parse_data=parsed, input_channel=CHANNEL, metadata=metadata
            )
        )
        events = since_last_message((await self.processor.get_tracker(conversation)).events)
        return Played(
            parsed=parsed,
            said=tuple(variations_of(event) for event in events if isinstance(event, BotUttered)),
            actions=tuple(str(event.action_name) for event in events if isinstance(event, ActionExecuted)),
            unplayed=tuple(dict.fromkeys(self.actions.unplayed)),
            failed=tuple(dict.fromkeys(self.actions.failed)),
        )

    def understood(self, text: str, context: Mapping[str, str], tracker: Any = None) -> dict[str, Any]:
        """What the model makes of a message; the second in a row that it does not understand is a hand-off."""
        parsed = parse(self.processor.graph_runner, self.processor.model_metadata, [(text, context)])[0]
        before = tracker.latest_message.intent.get("name") if tracker and tracker.latest_message else None
        if prediction_of(parsed).intent == FALLBACK_INTENT == before:
            parsed["intent"] = {"name": HANDOFF_INTENT, "confidence": parsed["intent"].get("confidence", 0.0)}
        return parsed


def since_last_message(events: Any) -> list[Any]:
    """The events after the last message of the person."""
    found = list(
        itertools.takewhile(lambda event: not isinstance(event, UserUttered), reversed(list(events)))
    )
    return found[::-1]


def variations_of(event: Any) -> tuple[str, ...]:
    """Every variation of a message of the bot."""
    written = event.metadata.get(VARIATIONS)
    return tuple(written) if written else (shown({"text": event.text, **(event.data or {})}),)


def given(intent: str, entities: Any = ()) -> dict[str, Any]:
    """Parse data that says an intent."""
    said = {"name": intent, "confidence": 1.0}
    return {"intent": said, "intent_ranking": [said], "entities": list(entities), "text": ""}
