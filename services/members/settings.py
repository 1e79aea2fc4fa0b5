"""What a replica of members is told by its environment, beyond what every service is told."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """`members_secret` keys every hash and seals the signing keys: the same for all replicas, and kept.

    Another secret ends all sessions and makes the stored signing keys unreadable. From LOUNGE_MEMBERS_SECRET or the
    file LOUNGE_MEMBERS_SECRET_FILE.
    """

    members_secret: SecretStr = Field(min_length=32)
    members_secret_file: Path | None = None
    public_url: str = Field(default="", pattern=r"^(https?://[^/?#@\\s]+)?$")
    """Where browsers reach the gateway, `https://lounge.example`; needed for signing in by an identity provider."""
    return_origins: tuple[str, ...] = ()
    """Origins beside our own that such a sign-in may lead back to; a JSON list."""
    sign_in_sends_per_client: int = Field(default=20, ge=1)
    """Sign-in codes sent within an hour for all that comes from one network, an IPv4 address or an IPv6 /64."""
    sign_in_starts_per_client: int = Field(default=100, ge=1)
    """Sign-ins by an identity provider begun within an hour by all that comes from one network."""
