"""What Slack's library raises."""


class SlackApiError(Exception):
    """Slack said no."""
