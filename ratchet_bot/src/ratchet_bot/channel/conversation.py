"""One turn of a conversation: context, prediction, clarification or hand-off, answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.trackers import DialogueStateTracker
from redis.exceptions import RedisError

from ratchet_bot import retrieval
from ratchet_bot.channel import answered, trackers
from ratchet_bot.channel.answered import Answered
from ratchet_bot.channel.context_slots import changed_by_context
from ratchet_bot.channel.events import Broker, Event
from ratchet_bot.channel.handoff import Handoff
from ratchet_bot.channel.memory import Replies
from ratchet_bot.channel.relay import Relay
from ratchet_bot.channel.silence import Instead, Silence, resumed
from ratchet_bot.channel.understanding import understood
from ratchet_bot.tools._model import prediction_of

logger = logging.getLogger(__name__)

CHANNEL = "chat"
HANDOFF_ANSWER = "utter_handoff"


@dataclass(frozen=True)
class Turn:
    """A message of a person; `conversation` is unique over all client applications, `at` is when it came.

    A platform's has the `channel`'s name, the `output` that its replies go to, the `metadata` that came with it, and
    may be `parsed` by the channel already.
    """

    conversation: str
    text: str
    context: Mapping[str, str]
    message_id: str | None = None
    at: float = field(default_factory=time.time)
    channel: str = CHANNEL
    output: Relay | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parsed: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Service:
    """What names the running release in answers and in `/status`."""

    release: str
    model_version: str
    sha256: str
    started_at: str


class Conversations:
    """Answers turns with a loaded agent. Turns of one conversation follow each other; others run beside it."""

    def __init__(
        self,
        agent: Agent,
        service: Service,
        replies: Replies,
        handoff: Handoff,
        events: Broker,
        silence: Silence,
    ) -> None:
        self.agent = agent
        self.service = service
        self.events = events
        self._trackers = trackers.of(agent)
        self._replies = replies
        self._handoff = handoff
        self._silence = silence
        self._running: set[asyncio.Task[dict[str, Any]]] = set()

    async def reply(self, turn: Turn) -> dict[str, Any]:
        """The reply to a turn, or the earlier one when this message was already answered.

        Who hangs up does not end the turn: half of it may be done.
        """
        task = asyncio.ensure_future(self._reply_to(turn))
        self._running.add(task)  # asyncio itself keeps no reference
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def drain(self, seconds: float) -> None:
        """Wait for the turns under way, and log those that are given up."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            if late:
                logger.error("%d messages were not answered before the stop", len(late))

    async def _reply_to(self, turn: Turn) -> dict[str, Any]:
        async with self.agent.lock_store.lock(turn.conversation):
            if turn.message_id:
                given = await self._replies.get(turn.conversation, turn.message_id)
                if given is not None:
                    return given
            try:
                with trackers.turn(turn.conversation):
                    reply = await self._reply_in(turn)
            except Exception:
                self._record(turn, failed=True)
                raise
            if turn.message_id:
                await self._remember(turn.conversation, turn.message_id, reply)
            return reply

    async def _reply_in(self, turn: Turn) -> dict[str, Any]:
        if before := await self._answered_before(turn):
            return await self._answer_again(turn, before)
        other = await self._silence.instead(turn.conversation, turn.text, turn.message_id)
        return await (self._say(turn, other) if other else self._answer(turn))

    async def _answered_before(self, turn: Turn) -> Answered | None:
        """The turn of the same message, where a replica died after it was saved."""
        if not turn.message_id:
            return None
        tracker = await self._trackers.retrieve(turn.conversation)
        return answered.find(tracker.events, turn.message_id, turn.at) if tracker else None

    async def _remember(self, conversation: str, message_id: str, reply: dict[str, Any]) -> None:
        """Remember a reply. The turn is over and saved, so its person gets it also where that fails."""
        try:
            await self._replies.put(conversation, message_id, reply)
        except RedisError as error:
            logger.error("a reply to %r is not remembered: %s", conversation, error)

    async def said(self, conversation: str) -> list[dict[str, Any]]:
        """Return what bot and user said to each other in a conversation, oldest first."""
        return await self._said(await self.agent.processor.get_tracker(conversation))

    async def _say(self, turn: Turn, other: Instead) -> dict[str, Any]:
        """The reply to a turn that is not the bot's; it is no event of the bot's and not in the tracker."""
        output = turn.output or CollectingOutputChannel()
        if other.opened:
            posted = await self._transcript(await self.agent.processor.get_tracker(turn.conversation), turn)
            last = {"from": "person", "text": turn.text, "at": posted["at"]}
            self._handoff.post({**posted, "messages": [*posted["messages"], last]})
        if other.said:
            await output.send_response(turn.conversation, {"text": other.said})
        reply = self._reply(output, {"name": None, "confidence": 0.0})
        return {**reply, **({"handed_off": True, "kept": other.kept} if other.kept else {"paused": True})}

    def _reply(self, output: Relay | CollectingOutputChannel, intent: dict[str, Any]) -> dict[str, Any]:
        return {
            "messages": [{k: v for k, v in m.items() if k != "recipient_id"} for m in output.messages],
            "intent": intent,
            "release": self.service.release,
            "model_id": self.agent.model_id,
        }

    async def _answer(self, turn: Turn) -> dict[str, Any]:
        processor = self.agent.processor
        output = turn.output or CollectingOutputChannel()
        metadata = {**turn.metadata, "context": dict(turn.context)}
        tracker = await processor.fetch_tracker_and_update_session(turn.conversation, output, metadata)
        tracker.update_with_events(resumed(tracker), self.agent.domain)
        parsed = understood(processor, tracker, turn.text, turn.context, turn.parsed)
        await self._remember_context(tracker, turn.context)
        message = UserMessage(
            turn.text,
            output,
            turn.conversation,
            parse_data=parsed,
            input_channel=turn.channel,
            message_id=turn.message_id,
            metadata=metadata,
        )
        await processor.handle_message(message)
        tracker = await processor.get_tracker(turn.conversation)
        return await self._finish(turn, output, answered.of(tracker.events, message.message_id, parsed))

    async def _answer_again(self, turn: Turn, before: Answered) -> dict[str, Any]:
        """The reply of a turn that is over. What its replica did not get to is done now."""
        output = turn.output or CollectingOutputChannel()
        for event in before.said:
            await output.send_response(turn.conversation, event.message())
        return await self._finish(turn, output, before)

    async def _finish(
        self, turn: Turn, output: Relay | CollectingOutputChannel, done: Answered
    ) -> dict[str, Any]:
        """Hand the conversation over where the turn says so, and return the reply."""
        handed_off, noted = HANDOFF_ANSWER in done.actions, done.silent or not done.last
        if handed_off and not noted:
            tracker = await self.agent.processor.get_tracker(turn.conversation)
            self._handoff.post(await self._transcript(tracker, turn))
        if silent := handed_off and self._silence.covers(turn.conversation):
            events, told = await self._silence.hand_over(turn.conversation, noted)
            if events:
                tracker.update_with_events(events, self.agent.domain)
                await self.agent.processor.save_tracker(tracker)
            if told:
                await output.send_response(turn.conversation, {"text": told})
        prediction = prediction_of(done.parsed)
        answer = {
            "intent": retrieval.full(done.parsed, done.parsed["intent"]["name"]),
            "handed_off": handed_off,
        }
        self._record(turn, **answer, confidence=prediction.confidence, ranking=prediction.ranking)
        reply = self._reply(output, {"name": answer["intent"], "confidence": prediction.confidence})
        return {**reply, **({"handed_off": True} if silent else {})}

    def _record(self, turn: Turn, **outcome: Any) -> None:
        """Give the broker what became of a turn."""
        self.events.put(
            Event(
                at=turn.at,
                conversation=turn.conversation,
                message_id=turn.message_id,
                text=turn.text,
                context=turn.context,
                release=self.service.release,
                model_version=self.service.model_version,
                model_id=self.agent.model_id,
                seconds=time.time() - turn.at,
                **outcome,
            )
        )

    async def _remember_context(self, tracker: DialogueStateTracker, context: Mapping[str, str]) -> None:
        """Responses may be conditioned on context slots, so they say what the directory says now."""
        if changed := changed_by_context(tracker, self.agent.domain, context):
            tracker.update_with_events(changed, self.agent.domain)
        await self.agent.processor.save_tracker(tracker)

    async def _transcript(self, tracker: DialogueStateTracker, turn: Turn) -> dict[str, Any]:
        return {
            "sender": turn.conversation,
            "context": dict(turn.context),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "release": self.service.release,
            "messages": await self._said(tracker),
        }

    async def _said(self, tracker: DialogueStateTracker) -> list[dict[str, Any]]:
        return [*await self._trackers.said_before(tracker.sender_id), *trackers.said(tracker.events)]
