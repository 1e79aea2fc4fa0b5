"""What the events service is told by its environment."""

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """Nothing beyond what every service is told."""
