"""A private speech-dispatcher that speaks into a PulseAudio server without hardware, as screen readers' one does."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipelines.voices.ssip import ABSENT, client_package
from tests import pulse
from tests.pulse import Pulse

MODULES = Path("/usr/lib/speech-dispatcher-modules")
INSTALL = "apt install speech-dispatcher python3-speechd speech-dispatcher-espeak-ng"
_CONFIGURATION = """
LogLevel 3
AudioOutputMethod "pulse"
AddModule "espeak-ng" "sd_espeak-ng" "espeak-ng.conf"
DefaultModule "espeak-ng"
DefaultLanguage "en-US"
DisableAutoSpawn
"""


class Dispatcher:
    """The running server."""

    def __init__(self, folder: Path, sound: Pulse) -> None:
        self.sound, self.folder = sound, folder
        self._socket = folder / "speechd.sock"
        self.address = f"unix_socket:{self._socket}"
        self._server: subprocess.Popen[bytes] | None = None
        self._configure()

    def start(self) -> None:
        """Return when it takes connections."""
        folder = self.folder
        places = ["-S", self._socket, "-C", folder, "-P", folder / "pid", "-L", folder]
        command = ["speech-dispatcher", "--run-single", "-t", "0", *map(str, places)]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while not self._socket.exists():
            assert time.monotonic() < until, "speech-dispatcher does not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """As when it crashes."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
        self._socket.unlink(missing_ok=True)

    def freeze(self) -> None:
        """As when it hangs: it is there, and does not answer."""
        if self._server is not None:
            self._server.send_signal(signal.SIGSTOP)

    def screen_reader(self) -> Any:
        """Another client, which speaks through the same server."""
        client = client_package()
        assert client is not None
        return client.SSIPClient("orca", address=self.address, autospawn=False)

    def _configure(self) -> None:
        (self.folder / "speechd.conf").write_text(_CONFIGURATION)
        (self.folder / "modules").mkdir()
        (self.folder / "modules" / "espeak-ng.conf").write_text("EspeakIndexing 1\n")


@contextmanager
def dispatcher(folder: Path) -> Iterator[Dispatcher]:
    """Run it; skip the test where that cannot be."""
    if client_package() is None:
        pytest.skip(ABSENT)
    if shutil.which("speech-dispatcher") is None or not (MODULES / "sd_espeak-ng").exists():
        pytest.skip(f"no speech-dispatcher that speaks: {INSTALL}")
    (folder / "sound").mkdir()
    with pulse.server(folder / "sound") as sound:
        running = Dispatcher(folder, sound)
        running.start()
        try:
            yield running
        finally:
            running.stop()
