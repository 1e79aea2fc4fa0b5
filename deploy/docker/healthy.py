"""Whether the replica in this container is ready: exit status 0 or 1. No shell, no import that takes time."""

import os
import socket
import sys


def ready(port: int) -> bool:
    """Whether it answers so within two seconds."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as asked:
            asked.settimeout(2)
            asked.sendall(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = asked.recv(64)
    except OSError:
        return False
    return b" 200 " in answer.partition(b"\r\n")[0]


if __name__ == "__main__":
    sys.exit(not ready(int(os.environ.get("LOUNGE_HTTP_PORT") or "8080")))
