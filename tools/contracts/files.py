"""Which files are generated, and how they compare with what is on disk and with what was released."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.contracts.asyncapi import asyncapi
from tools.contracts.compatibility import broken
from tools.contracts.openapi import openapi
from tools.contracts.published import contracts
from tools.contracts.samples import sample

SCHEMAS, SAMPLES = Path("shared/contracts/schemas"), Path("shared/contracts/samples")
ASYNCAPI, OPENAPI = Path("shared/contracts/asyncapi.json"), Path("docs/openapi.json")


def generated() -> dict[Path, str]:
    """The text of every generated file, by its path from the checkout's root."""
    known = contracts()
    files = {SCHEMAS / f"{name}.json": text(each.schema()) for name, each in known.items()}
    files |= {SAMPLES / f"{name}.json": text(sample(each)) for name, each in known.items()}
    files[ASYNCAPI] = text(asyncapi(known.values()))
    if (http := openapi()) is not None:
        files[OPENAPI] = text(http)
    return files


def text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def stale(root: Path, files: Mapping[Path, str]) -> list[str]:
    """Each file that is missing, differs, or belongs to no contract any more."""
    present = {path.relative_to(root) for folder in (SCHEMAS, SAMPLES) for path in (root / folder).glob("*.json")}
    left = [f"{path}: belongs to no contract" for path in sorted(present - files.keys())]
    return left + [
        f"{path}: {'differs' if (root / path).exists() else 'is missing'}"
        for path, wanted in files.items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != wanted
    ]


def incompatible(before: Mapping[str, Any], files: Mapping[Path, str]) -> list[str]:
    """What the generated schemas break of those `before`, by wire name."""
    found: list[str] = []
    for name, old in before.items():
        path = SCHEMAS / f"{name}.json"
        reasons = broken(old["x-kind"], old, json.loads(files[path])) if path in files else ["removed as a whole"]
        found += [f"{name}: {reason}" for reason in reasons]
    return found


def on_disk(root: Path) -> dict[str, Any]:
    """The schemas in the checkout, by wire name."""
    folder = root / SCHEMAS
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


def released(root: Path) -> dict[str, Any]:
    """The schemas of the newest tag `v*`, or of HEAD while there is none; empty outside a git checkout."""
    tag = _git(root, "describe", "--tags", "--abbrev=0", "--match", "v*").strip() or "HEAD"
    return dict(_at(root, tag))


def _at(root: Path, revision: str) -> Iterator[tuple[str, Any]]:
    listed = _git(root, "ls-tree", "--name-only", revision, f"{SCHEMAS.as_posix()}/")
    for line in listed.splitlines():
        if line.endswith(".json"):
            yield Path(line).stem, json.loads(_git(root, "show", f"{revision}:{line}"))


def _git(root: Path, *arguments: str) -> str:
    """What git says, or nothing where it refuses or is not there."""
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""
