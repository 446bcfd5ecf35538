"""The one base class of errors that Ratchet shows to people."""


class RatchetError(Exception):
    """Something broke or was asked wrongly: a fact, then the remedy.

    `fact` says what is the case, `remedy` what the reader can do about it; both are whole sentences.
    The command line prints them without a traceback and exits with `exit_code`.
    """

    exit_code = 1

    def __init__(self, fact: str, remedy: str = "") -> None:
        super().__init__(fact, remedy)
        self.fact = fact
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.fact} {self.remedy}".strip()


class UsageError(RatchetError):
    """The call itself was wrong: an option's value, a missing argument."""

    exit_code = 2
