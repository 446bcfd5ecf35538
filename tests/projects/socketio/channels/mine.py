"""A channel of the team's own."""

from rasa.core.channels.channel import InputChannel


class MyChannel(InputChannel):
    pass
