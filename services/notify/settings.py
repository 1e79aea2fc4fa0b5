"""Notify's own settings, beside those every service has."""

from pathlib import Path

from pydantic import Field, SecretStr

from shared.kit.settings import KitSettings


class Settings(KitSettings):
    """`smtp_url`: `smtp://host:port`, or `smtps://` for TLS from the start, with `user:password@` where needed."""

    smtp_url: SecretStr
    smtp_url_file: Path | None = None
    smtp_connections: int = Field(default=4, ge=1, le=64)
    """Mails in hand at once, for announcements and for personal ones each."""
    smtp_timeout: float = Field(default=5.0, gt=0, le=7.0)
    """Seconds for one mail, all its replies together; a lease lasts 10 s, so nobody else takes it up meanwhile."""
    mail_from: str = "LINK-J Lounge <lounge@linkj.example>"
