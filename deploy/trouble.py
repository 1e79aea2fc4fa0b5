"""Troubles a person can do something about: each is one sentence, which the command line prints."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class CannotStart(Exception):
    """It cannot even begin; nothing was changed."""


class NotRunning(CannotStart):
    """Nothing runs on this data folder."""


class NotDone(Exception):
    """What was asked was refused or not answered; `code` is the refusal's slug."""

    def __init__(self, sentence: str, *, code: str) -> None:
        super().__init__(sentence)
        self.code = code


@contextmanager
def plainly() -> Iterator[None]:
    """What hinders a job is one sentence on stderr, never a trace; status 1 refused or failed, 2 cannot even begin."""
    try:
        yield
    except NotDone as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(1)
    except CannotStart as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(2)
