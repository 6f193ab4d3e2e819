"""A camera on the network for tests: numbered JPEG pictures over HTTP on 127.0.0.1, which can hang or die."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np

from devices.media import Frame

STEP = 5
"""Levels of grey from one number to the next: more than JPEG changes."""
NUMBERS = 50


class MjpegServer:
    """While entered, sends picture after picture: `number` says which was the last, `sent_at` when each was sent."""

    def __init__(self, fps: float = 50.0) -> None:
        self.number = -1
        self.sent_at: dict[int, float] = {}
        self._interval = 1 / fps
        self._dead, self._hung = threading.Event(), threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.die()
        self._http.shutdown()
        self._http.server_close()

    def url(self, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self._http.server_port}/video"

    def die(self) -> None:
        """End every connection."""
        self._dead.set()

    def revive(self) -> None:
        self._dead.clear()

    def hang(self) -> None:
        """Keep the connections, and send nothing more."""
        self._hung.set()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                try:
                    server._send(self.wfile)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                """Keep the terminal of the tests clean."""

        return Handler

    def _send(self, out: Any) -> None:
        while not self._dead.wait(self._interval):
            if self._hung.is_set():
                continue
            self.number += 1
            grey = np.full((240, 320, 3), self.number % NUMBERS * STEP, np.uint8)
            jpeg = cv2.imencode(".jpg", grey)[1].tobytes()
            self.sent_at[self.number % NUMBERS] = time.monotonic()
            out.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n")


def number_of(frame: Frame) -> int:
    """Which picture this is, of the last fifty."""
    return round(float(frame.pixels.mean()) / STEP)
