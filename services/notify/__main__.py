"""`python -m services.notify`: one replica, configured by environment."""

from services.notify.app import build
from services.notify.settings import Settings
from shared.kit.service import run

run(lambda: build(Settings()))
