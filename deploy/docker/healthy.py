"""Whether the replica in this container is ready: exit status 0 or 1. No shell, no import that takes time."""

import os
import socket
import sys

port = int(os.environ.get("LOUNGE_HTTP_PORT") or "8080")
try:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as asked:
        asked.settimeout(2)
        asked.sendall(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = asked.recv(64)
except OSError:
    sys.exit(1)
sys.exit(b" 200 " not in answer.partition(b"\r\n")[0])
