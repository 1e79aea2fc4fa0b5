"""Programs of others: without one a test is skipped with the word for what brings it, in CI it fails."""

import os
import shutil
from typing import NoReturn

import pytest

from tools.kubectl import ROOT, why_not

BROUGHT = ROOT / "build" / "bin" / "kubectl"
"""Where `python -m tools.kubectl build/bin` puts one."""


def needed(program: str, package: str) -> str:
    """Its path, else the test goes no further; `package` is Debian's."""
    found = shutil.which(program)
    if found is None:
        go_without(f"{program} is missing: apt-get install {package}")
    return found


def kubectl() -> str:
    """One that renders the manifests: the path's, or the one that was brought."""
    if (why := why_not()) is not None and not BROUGHT.exists():
        go_without(f"{why} `python -m tools.kubectl build/bin` brings one")
    return "kubectl" if why is None else str(BROUGHT)


def go_without(why: str) -> NoReturn:
    """The test is not run, and says why; where CI is, it fails instead."""
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(f"NOT RUN: {why}")
