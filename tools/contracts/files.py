"""Which files are generated, and how they compare with what is on disk and with what was released."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


def incompatible(before: "Promise", files: Mapping[Path, str]) -> list[str]:
    """What the generated files break of what stood `before`, by wire name or call."""
    calls = _calls(files[OPENAPI]) if OPENAPI in files else frozenset()
    found = [f"{call}: removed" for call in sorted(before.calls - calls)]
    for name, old in sorted(before.schemas.items()):
        path = SCHEMAS / f"{name}.json"
        reasons = broken(old["x-kind"], old, json.loads(files[path])) if path in files else ["removed as a whole"]
        found += [f"{name}: {reason}" for reason in reasons]
    return found


@dataclass(frozen=True, slots=True)
class Promise:
    """What stood before: the schemas by wire name, and the calls over HTTP (`POST /v1/bookings`)."""

    schemas: Mapping[str, Any]
    calls: frozenset[str] = frozenset()


def on_disk(root: Path) -> Promise:
    """What the checkout's files say."""
    schemas = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (root / SCHEMAS).glob("*.json")}
    http = root / OPENAPI
    return Promise(schemas, _calls(http.read_text(encoding="utf-8")) if http.exists() else frozenset())


def released(root: Path) -> Promise:
    """What the newest tag `v*` says, or HEAD while there is none; nothing outside a git checkout."""
    revision = _git(root, "describe", "--tags", "--abbrev=0", "--match", "v*").strip() or "HEAD"
    http = _git(root, "show", f"{revision}:{OPENAPI.as_posix()}")
    return Promise(dict(_schemas_at(root, revision)), _calls(http) if http else frozenset())


def _calls(document: str) -> frozenset[str]:
    paths = json.loads(document)["paths"].items()
    return frozenset(f"{method.upper()} {path}" for path, calls in paths for method in calls)


def _schemas_at(root: Path, revision: str) -> Iterator[tuple[str, Any]]:
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
