"""A channel of the team's own."""

from rasa.core.channels.rest import RestInput


class MyChannel(RestInput):
    """REST under another name, with a key."""

    def __init__(self, api_key=""):
        super().__init__()
        self.api_key = api_key

    @classmethod
    def name(cls):
        """The path under /webhooks/."""
        return "mine"

    @classmethod
    def from_credentials(cls, credentials):
        """With what credentials.yml says."""
        return cls(**(credentials or {}))
