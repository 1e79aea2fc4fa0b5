"""What pip-audit says is read rightly: advisories fail, a database that cannot be reached is no verdict."""

import pytest

from tools.audit import LOCK, NOT_RUN, outcome

UNREACHED = """Traceback (most recent call last):
  File "site-packages/requests/adapters.py", line 729, in send
    raise ConnectionError(e, request=request)
requests.exceptions.ConnectionError: HTTPSConnectionPool(host='advisories.example', port=443): Max retries exceeded
"""


@pytest.mark.parametrize(
    ("status", "said", "ended"),
    [
        (0, "No known vulnerabilities found\n", 0),
        (1, "Found 1 known vulnerability in 1 package\n", 1),
        (1, UNREACHED, NOT_RUN),
        (1, "ERROR:pip_audit._cli:requirements-dev.lock: cannot be read\n", 1),
    ],
)
def test_an_advisory_fails_and_silence_does_not(status: int, said: str, ended: int) -> None:
    assert outcome(status, said) == ended


def test_what_is_audited_is_what_is_installed() -> None:
    assert "--hash=sha256:" in LOCK.read_text(encoding="utf-8")
