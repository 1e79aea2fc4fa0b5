"""Token buckets per principal and per organization, held by each gateway for itself."""

from collections import OrderedDict
from dataclasses import dataclass

from services.gateway.refusals import TooManyRequests
from shared.kernel.networks import network_of

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

    def give_back(self, owner: str) -> None:
        """The token taken last was not used."""
        if (bucket := self._buckets.get(owner)) is not None:
            bucket.tokens = min(self._rate.burst, bucket.tokens + 1)


class Allowance:
    """What one request costs: a token of its principal's, and one of its organization's."""

    def __init__(self, principal: Rate, organization: Rate, anonymous: Rate) -> None:
        self._principals = Buckets(principal)
        self._organizations = Buckets(organization)
        self._anonymous = Buckets(anonymous)

    def take(self, principal: str, organization: str | None, *, at: float) -> None:
        """Raises TooManyRequests."""
        self._principals.take(principal, at=at)
        if organization is not None:
            self._organizations.take(organization, at=at)

    def guess(self, client: str) -> "Guess":
        """One try from the address `client`, the socket's, of somebody who has no name yet."""
        return Guess(self._anonymous, network_of(client))


class Guess:
    """A try that costs one token of its network's, however often it is counted, and none if it was right."""

    def __init__(self, buckets: Buckets, network: str) -> None:
        self._buckets = buckets
        self._network = network
        self._counted = False

    def count(self, *, at: float) -> None:
        """Raises TooManyRequests, each time."""
        if not self._counted:
            self._buckets.take(self._network, at=at)
            self._counted = True

    def was_right(self) -> None:
        """It costs nothing."""
        if self._counted:
            self._buckets.give_back(self._network)
