"""`lounge retime`: when it begins, and how it is shown."""

import json
from typing import Any

import pytest

from deploy.cli.retiming import agreed
from deploy.cli.showing import retimed
from deploy.trouble import NotDone
from tests.deploy.test_migrating import replica


def test_replicas_that_go_by_different_rules_are_not_asked() -> None:
    """An old one would move back what a new one has moved."""
    old, new = (replica(n).model_copy(update={"clocks": rules}) for n, rules in ((1, "a"), (2, "b")))
    agreed([new, new])
    with pytest.raises(NotDone, match="finish the roll-out first") as refused:
        agreed([old, new])
    assert refused.value.code == "mixed"
    with pytest.raises(NotDone, match="does not run"):
        agreed([])


ROW: dict[str, Any] = {
    "site": "nyc",
    "looked_at": 12,
    "anchored_elsewhere": 0,
    "moved": 2,
    "stayed": [
        {
            "kind": "series",
            "id": "s1",
            "index": 3,
            "resource": "room-a",
            "starts_at": "2026-12-15T20:00:00-04:00",
            "meant": {"time_zone": "America/New_York", "date": "2026-12-15", "start": "19:00", "end": "20:00"},
            "reason": "slot-taken",
        }
    ],
}


def test_what_stayed_is_shown_with_when_it_was_meant_to_be_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    retimed([ROW], as_json=False)
    said = capsys.readouterr().out
    assert "2026-12-15 19:00–20:00" in said
    assert "slot-taken" in said
    retimed([ROW], as_json=True)
    assert json.loads(capsys.readouterr().out) == [ROW]
