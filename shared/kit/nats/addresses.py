"""Where the nats-servers are, and whom a client believes to be one."""

import ssl
from pathlib import Path


def servers_of(url: str) -> list[str]:
    """The addresses of a setting that may name several servers of a cluster, separated by commas."""
    return [each.strip() for each in url.split(",") if each.strip()]


def believing(ca: Path) -> ssl.SSLContext:
    """For `tls://`: a server's certificate, for the name it is called by, is signed by this authority and no other.

    Raises ValueError naming the setting.
    """
    try:
        return ssl.create_default_context(cafile=str(ca))
    except OSError as error:  # ssl's own errors are OSErrors too
        raise ValueError(f"LOUNGE_NATS_CA_FILE: {ca} is no file of certificates: {error.strerror}") from None
