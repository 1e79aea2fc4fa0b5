"""Token buckets per principal and per organization, held by each gateway for itself."""

from collections import OrderedDict
from dataclasses import dataclass

from services.gateway.refusals import TooManyRequests

_MOST_BUCKETS = 20_000


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `burst` at once, `refill` more per second."""

    burst: float
    refill: float


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """The buckets of one kind, the least lately used forgotten first (a forgotten one is full again)."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, owner: str, *, at: float) -> None:
        """One token of `owner`'s at the monotonic second `at`, or TooManyRequests with `retry_after` seconds."""
        bucket = self._buckets.get(owner)
        if bucket is None:
            bucket = self._buckets[owner] = _Bucket(self._rate.burst, at)
            if len(self._buckets) > _MOST_BUCKETS:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(owner)
        tokens = min(self._rate.burst, bucket.tokens + (at - bucket.at) * self._rate.refill)
        bucket.at = at
        if tokens < 1:
            bucket.tokens = tokens
            raise TooManyRequests(retry_after=max(1, round((1 - tokens) / self._rate.refill)))
        bucket.tokens = tokens - 1


class Allowance:
    """What one request costs: a token of its principal's, and one of its organization's."""

    def __init__(self, principal: Rate, organization: Rate, anonymous: Rate) -> None:
        self._principals = Buckets(principal)
        self._organizations = Buckets(organization)
        self._anonymous = Buckets(anonymous)

    def take(self, principal: str | None, organization: str | None, *, client: str, at: float) -> None:
        """Raises TooManyRequests. Who has no name yet is counted by the address the socket shows."""
        if principal is None:
            self._anonymous.take(client, at=at)
            return
        self._principals.take(principal, at=at)
        if organization is not None:
            self._organizations.take(organization, at=at)
