"""Which kubectl will do, and where one comes from that does."""

import os
from pathlib import Path

import pytest

from tests.support import programs
from tools.kubectl import kustomize, why_not


def pretended(folder: Path, says: str) -> str:
    path = folder / "kubectl"
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("says", "number"),
    [
        ('{"clientVersion": {}, "kustomizeVersion": "v5.5.0"}', 5),
        ('{"clientVersion": {}, "kustomizeVersion": "v4.5.7"}', 4),
        ('{"clientVersion": {"gitVersion": "v1.20.2"}}', None),
        ("error: unknown flag", None),
    ],
)
def test_kustomize_is_read_from_what_kubectl_tells(says: str, number: int | None) -> None:
    assert kustomize(says) == number


def test_an_old_one_and_none_are_named(tmp_path: Path) -> None:
    assert "has kustomize 4; 5 or newer" in str(why_not(pretended(tmp_path, '{"kustomizeVersion": "v4.5.7"}')))
    assert "too old" in str(why_not(pretended(tmp_path, '{"clientVersion": {"gitVersion": "v1.20.2"}}')))
    assert "is missing" in str(why_not(str(tmp_path / "nowhere")))
    assert why_not(pretended(tmp_path, '{"kustomizeVersion": "v5.0.1"}')) is None


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_one_the_manifests_tests_are_not_run_and_fail_in_ci(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    pretended(tmp_path, '{"clientVersion": {"gitVersion": "v1.20.2"}}')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(programs, "BROUGHT", tmp_path / "nowhere")
    with pytest.raises(outcome, match=r"too old: 5 or newer is needed\. `python -m tools\.kubectl build/bin`"):
        programs.kubectl()
