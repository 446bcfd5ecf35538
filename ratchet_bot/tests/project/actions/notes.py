"""One custom action, which knows a variable of the project and what the platform calls the person."""

import os
from typing import Any

from rasa_sdk import Action


class Note(Action):
    """Says who asks."""

    def name(self) -> str:
        return "action_note"

    def run(self, dispatcher: Any, tracker: Any, domain: Any) -> list[Any]:
        dispatcher.utter_message(text=f"{os.environ['GREETING']} {tracker.sender_id}")
        return []
