"""The order and its check."""

import requests  # noqa: F401
from rasa_sdk import Action, FormValidationAction


class ValidateOrder(FormValidationAction):
    def name(self):
        return "validate_order_form"

    def validate_size(self, value, dispatcher, tracker, domain):
        return {"size": value if value in ("small", "medium", "large") else None}


class Order(Action):
    def name(self):
        return "action_order"

    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text=f"A {tracker.get_slot('size')} one for {tracker.get_slot('name')}.")
        return []
