"""A service that has done its slow imports and waits for the word to go: what it needs is not up yet.

`python -m deploy.embedded.held FILE MODULE`: imports MODULE's app, waits until FILE exists, then is `python -m MODULE`.
"""

import importlib
import os
import runpy
import sys
import time
from pathlib import Path


def main(word: Path, module: str) -> None:
    parent = os.getppid()
    importlib.import_module(f"{module}.app")
    while not word.exists():
        if os.getppid() != parent:
            sys.exit("the supervisor is gone")
        time.sleep(0.02)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
