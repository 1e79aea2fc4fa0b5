"""`python -m tools.audit`: known advisories against what is pinned. Status 0 none, 1 some, 77 nobody could be asked."""

import re
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements-dev.lock"
"""All that is installed anywhere: what runs, and what builds and tests it."""
NOT_RUN = 77
_PATIENCE = 300.0
_UNREACHED = re.compile(r"^requests\.exceptions\.\w*(?:Connection|Timeout|SSL|Proxy)", re.MULTILINE)


def outcome(status: int, said: str) -> int:
    """pip-audit ends with 1 for an advisory as for a database it does not reach: only the latter leaves a trace."""
    return NOT_RUN if status and _UNREACHED.search(said) else status


def main() -> int:
    words = ["--vulnerability-service", "osv", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    argv = [sys.executable, "-m", "pip_audit", *words, "--requirement", str(LOCK)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        print(f"NOT RUN: the database of advisories did not answer within {_PATIENCE:g} s", file=sys.stderr)
        return NOT_RUN
    ended = outcome(done.returncode, done.stderr)
    if ended == NOT_RUN:
        print("NOT RUN: the database of advisories cannot be reached", file=sys.stderr)
    else:
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
    return ended


if __name__ == "__main__":
    sys.exit(main())
