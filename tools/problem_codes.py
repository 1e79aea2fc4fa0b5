"""The catalogue of refusals behind the gateway's /problems pages: every code of every part, in both languages.

`python -m tools.problem_codes` writes `services/gateway/codes.json`; a test of the gateway fails when it is stale.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path

import services
import shared
from services.gateway.problems import known_refusals
from services.gateway.validation import texts_of_codes

FILE = Path(__file__).parents[1] / "services" / "gateway" / "codes.json"


def catalogue() -> str:
    """The file's text, from every refusal class there is."""
    for package in (services, shared):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = texts_of_codes() | known_refusals()
    listed = {code: {"status": status, "ja": text.ja, "en": text.en} for code, (status, text) in sorted(found.items())}
    return json.dumps(listed, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(catalogue(), encoding="utf-8")
    sys.exit(0)
