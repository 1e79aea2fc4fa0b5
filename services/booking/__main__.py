"""`python -m services.booking`: one replica, configured by environment."""

from services.booking.app import build
from services.booking.settings import Settings
from shared.kit.service import run

if __name__ == "__main__":
    run(lambda: build(Settings()))
