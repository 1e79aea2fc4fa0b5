"""What has run out, settled by those who have not heard it yet."""

import pytest

from services.booking.domain.refusals import NotCancellable, NotRejectable
from services.booking.domain.settling import cancel, reject
from services.booking.domain.status import Mode, Status
from tests.booking.test_domain_lifecycle import MINUTE, NEEDS_APPROVAL, held, placed
from tests.support.booking import NOW


def test_from_its_deadline_on_it_is_neither_cancelled_nor_rejected_but_the_house_may_take_it_away() -> None:
    booking = placed(Mode.CONFIRM, NEEDS_APPROVAL)
    assert booking.expires_at is not None
    with pytest.raises(NotRejectable) as rejecting:
        reject(booking, reason=None, at=booking.expires_at)
    for gone, at in ((booking, booking.expires_at), (held(), NOW + 5 * MINUTE)):
        with pytest.raises(NotCancellable) as cancelling:
            cancel(gone, at=at)
        assert rejecting.value.members == cancelling.value.members == {"status": "expired"}
        assert cancel(gone, at=at, by_house=True).state.status is Status.CANCELLED
