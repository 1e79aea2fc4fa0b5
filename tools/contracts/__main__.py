"""`python -m tools.contracts write|check`.

`write` refuses to overwrite a schema with an incompatible one, unless `--break` says that nobody relies on it yet.
"""

import sys
from pathlib import Path

from tools.contracts.files import generated, incompatible, on_disk, released, stale

ADVICE = "A contract others rely on gets new fields only; anything else is v2 beside v1 (docs/contracts.md)."


def write(root: Path, *, may_break: bool) -> int:
    files = generated()
    if (reasons := incompatible(on_disk(root), files)) and not may_break:
        return _fail("incompatible", reasons)
    left = [line.split(":", 1)[0] for line in stale(root, files)]
    for name in left:
        (root / name).unlink(missing_ok=True)
    for path, wanted in files.items():
        if not (root / path).exists():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(wanted, encoding="utf-8")
    print(f"{len(files)} generated files, {len(left)} of them changed")
    return 0


def check(root: Path) -> int:
    files = generated()
    reasons = sorted({*incompatible(on_disk(root), files), *incompatible(released(root), files)})
    old = stale(root, files)
    if reasons:
        _fail("incompatible", reasons)
    if old:
        print("stale, run `make docs` and commit:", *old, sep="\n  ", file=sys.stderr)
    if not reasons and not old:
        print(f"{len(files)} generated files are as the code says; no incompatible change")
    return 1 if reasons or old else 0


def _fail(word: str, reasons: list[str]) -> int:
    print(f"{word}:", *reasons, ADVICE, sep="\n  ", file=sys.stderr)
    return 1


def main(arguments: list[str]) -> int:
    match arguments:
        case ["write", *options] if set(options) <= {"--break"}:
            return write(Path.cwd(), may_break="--break" in options)
        case ["check"]:
            return check(Path.cwd())
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
