"""An open inbox stream, and the moment a notice comes."""

import threading
import time

import httpx

from tests.support.system import System


class Listener(threading.Thread):
    """Reads a member's inbox stream and notes when a notice arrives."""

    def __init__(self, on: System, token: str) -> None:
        super().__init__(daemon=True)
        self._url = f"{on.url}/v1/notifications/stream"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        self.opened = threading.Event()
        self._heard = threading.Event()
        self.heard_at = 0.0

    def next_notice(self) -> threading.Event:
        self._heard = threading.Event()
        return self._heard

    def run(self) -> None:
        with httpx.stream("GET", self._url, headers=self._headers, timeout=60) as stream:
            self.opened.set()
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    self.heard_at = time.perf_counter()
                    self._heard.set()
