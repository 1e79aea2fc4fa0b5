"""`python -m services.events`: one replica, configured by its environment."""

from services.events.app import build
from services.events.settings import Settings
from shared.kit.service import run

run(lambda: build(Settings()))
