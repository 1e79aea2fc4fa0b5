"""The inbox."""

from services.gateway.calls import Call
from services.gateway.policy import SIGNED_IN
from shared.contracts.notify import ListNotices, ReadNotice

CALLS = (
    Call(
        method="GET",
        path="/v1/notifications",
        summary="My notices, newest first",
        ask=ListNotices,
        policy=SIGNED_IN.within("notifications:read"),
    ),
    Call(
        method="POST",
        path="/v1/notifications/{id}/read",
        summary="Mark a notice read",
        ask=ReadNotice,
        policy=SIGNED_IN.within("notifications:write"),
        key="optional",
        if_match="optional",
    ),
)
