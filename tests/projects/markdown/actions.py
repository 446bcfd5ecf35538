from rasa_sdk import Action
from rasa_sdk.forms import FormAction


class Place(FormAction):
    def name(self):
        return "place_form"

    @staticmethod
    def required_slots(tracker):
        return ["city"]


class Find(Action):
    def name(self):
        return "action_find"
