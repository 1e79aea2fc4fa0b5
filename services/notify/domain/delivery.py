"""What becomes of a mail after a try: sent, tried again, or given up, and why."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(hours=1)
MOST_TRIES = 60
"""With the delays below about a day and a half: longer than any outage an operator sleeps through."""
CODE_DELAY = timedelta(seconds=5)
"""The longest wait of a sign-in code, which is worthless after minutes and has to be forgotten then."""

Stage = Literal["contact", "address", "connect", "sender", "recipient", "content"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a try failed: where, and the server's reply code, if there was one."""

    stage: Stage
    code: int | None
    reason: str


def is_final(trouble: Trouble) -> bool:
    """Whether another try is pointless: the server says this recipient does not exist, or the address is none.

    Every other 5xx may be the server's own misconfiguration (a refused sender, a greedy filter), so it is tried
    again; giving up at once would lose everybody's mail.
    """
    if trouble.stage == "recipient" and trouble.code is not None:
        return 550 <= trouble.code <= 559
    return trouble.stage == "address"


def delay_after(tries: int, *, chance: float, longest: timedelta = LONGEST_DELAY) -> timedelta | None:
    """How long to wait after the `tries`-th failed try, or None to give up.

    Doubling from two seconds up to `longest`, less a part by `chance` (in [0, 1)) so that the mails of one outage
    do not come back in step.
    """
    if tries >= MOST_TRIES:
        return None
    full = min(FIRST_DELAY * 2 ** min(tries - 1, 20), longest)
    return timedelta(seconds=full.total_seconds() * (0.5 + chance / 2))
