"""The server of Rasa's custom actions."""

from __future__ import annotations

import logging
from typing import Any

from rasa.utils.endpoints import EndpointConfig

from ratchet_bot.channel.checks import is_check

logger = logging.getLogger(__name__)


class Actions(EndpointConfig):
    """Runs custom actions at a URL, those of checks excepted: they are logged, and change and say nothing.

    Rasa reads that as "all is valid" where it asks for a form's validation, so a check can fill a form.
    """

    async def request(self, *arguments: Any, **options: Any) -> Any:
        """See Rasa's endpoint."""
        asked = options.get("json") or {}
        if is_check(str(asked.get("sender_id", ""))):
            logger.info("%r is a check: %s was not run", asked["sender_id"], asked.get("next_action"))
            return {"events": [], "responses": []}
        return await super().request(*arguments, **options)
