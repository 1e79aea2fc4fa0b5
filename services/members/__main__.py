"""`python -m services.members`: one replica, configured by environment."""

from services.members.app import build
from services.members.settings import Settings
from shared.kit.service import run

if __name__ == "__main__":
    run(lambda: build(Settings()))
