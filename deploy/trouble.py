"""Troubles a person can do something about: each is one sentence, which the command line prints."""


class CannotStart(Exception):
    """It cannot even begin; nothing was changed."""


class NotRunning(CannotStart):
    """Nothing runs on this data folder."""


class NotDone(Exception):
    """What was asked was refused or not answered; `code` is the refusal's slug."""

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.code = code
