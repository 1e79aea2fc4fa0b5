"""`lounge migrate` before it begins: all replicas have to know the same forms."""

import pytest

from deploy.cli.migrating import agreed
from deploy.trouble import NotDone
from shared.contracts.ops import ReplicaStatus


def replica(number: int, **forms: int) -> ReplicaStatus:
    return ReplicaStatus(
        service="booking",
        replica=number,
        pid=number,
        ready=True,
        health={},
        lag={},
        unsent={},
        oldest_unsent_seconds=0,
        uptime_seconds=1,
        forms=forms,
    )


def test_replicas_of_one_version_agree() -> None:
    assert agreed("booking", [replica(1, bookings=2, sites=1), replica(2, bookings=2, sites=1)], dry_run=False) == {
        "bookings": 2,
        "sites": 1,
    }


@pytest.mark.parametrize("old", [{"bookings": 2}, {}])
def test_while_an_older_one_runs_only_a_dry_run_goes_on(old: dict[str, int]) -> None:
    mixed = [replica(1, bookings=3), replica(2, **old)]
    with pytest.raises(NotDone, match="booking-2 run another version") as refused:
        agreed("booking", mixed, dry_run=False)
    assert refused.value.code == "mixed"
    assert agreed("booking", mixed, dry_run=True) == {"bookings": 3}


def test_a_service_that_does_not_run_cannot_be_migrated() -> None:
    with pytest.raises(NotDone, match="does not run"):
        agreed("booking", [], dry_run=False)
