"""A private PulseAudio server without hardware: a speaker that can be recorded, and a microphone that can be fed."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from devices import portaudio
from devices.media import NoSoundSystem, Samples

RATE = 48_000
_SINK = "module-null-sink rate=48000 channels=1 norewinds=1 sink_name="
_MODULES = [
    "module-native-protocol-unix auth-anonymous=1 socket={socket}",
    _SINK + "spk",
    _SINK + "micfeed",
    "module-remap-source master=micfeed.monitor source_name=mic",
]


class Pulse:
    """The running server: its default sink can be listened to, its default source can be spoken into."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "native"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        modules = [f"--load={module.format(socket=self._socket)}" for module in _MODULES]
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", *modules]
        self._server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while subprocess.run(["pactl", "set-default-source", "mic"], stderr=subprocess.DEVNULL).returncode:
            assert time.monotonic() < until, "the PulseAudio server does not start"
        subprocess.run(["pactl", "set-default-sink", "spk"], check=True)

    def stop(self) -> None:
        """As when a device is unplugged."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def say(self, wav: Path) -> subprocess.Popen[bytes]:
        """Speak a file into the microphone."""
        return subprocess.Popen(["paplay", "--device=micfeed", "--latency-msec=20", str(wav)])

    def hear_itself(self) -> None:
        """From now on the microphone hears what the speaker plays, and nothing else."""
        subprocess.run(["pactl", "set-default-source", "spk.monitor"], check=True)

    def listeners(self) -> int:
        """How many programs record from a microphone at present."""
        listed = subprocess.check_output(["pactl", "list", "short", "source-outputs"], text=True).splitlines()
        return sum(line.split("\t")[2] != "-" for line in listed)  # "-": a part of the server

    @contextmanager
    def listening(self) -> Iterator[Recording]:
        """Record what the speaker plays."""
        format_ = ["--raw", "--format=float32le", f"--rate={RATE}", "--channels=1", "--latency-msec=10"]
        process = subprocess.Popen(["parec", "-d", "spk.monitor", *format_], stdout=subprocess.PIPE)
        recording = Recording(process)
        try:
            yield recording
        finally:
            process.kill()
            process.wait()
            recording.thread.join()


class Recording:
    """What was heard so far, every piece with the moment of its arrival."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pieces: list[tuple[float, Samples]] = []
        self.running = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        assert self.running.wait(10), "nothing to hear from the PulseAudio server"

    @property
    def samples(self) -> Samples:
        return np.concatenate([piece for _, piece in self._pieces])

    def first_sound(self, after: float, threshold: float = 1e-3) -> float:
        """When the first piece came since then that was not silent, on the monotonic clock."""
        return min(at for at, piece in self._pieces if at > after and np.abs(piece).max() > threshold)

    def last_sound(self, threshold: float = 1e-3) -> float:
        """When the last piece came that was not silent, on the monotonic clock."""
        return max(at for at, piece in self._pieces if np.abs(piece).max() > threshold)

    def _read(self) -> None:
        assert self._process.stdout is not None
        while data := self._process.stdout.read(4 * RATE // 200):
            self._pieces.append((time.monotonic(), np.frombuffer(data[: len(data) // 4 * 4], np.float32)))
            self.running.set()


@contextmanager
def server(folder: Path) -> Iterator[Pulse]:
    """Run the server, and make it the one that this process' PortAudio sees; skip the test where that cannot be."""
    for program in ("pulseaudio", "pactl", "parec", "paplay"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}: apt install pulseaudio pulseaudio-utils libasound2-plugins libportaudio2")
    pulse = Pulse(folder)
    with pytest.MonkeyPatch.context() as patch:
        _point_at(folder, patch)
        pulse.start()
        try:
            _look_anew()
            if not portaudio.list_speakers():
                pytest.skip("PortAudio does not see PulseAudio: ALSA's plugin for it is absent (libasound2-plugins)")
            yield pulse
        finally:
            pulse.stop()
    _look_anew()


def _point_at(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have PulseAudio's and ALSA's libraries look into `folder` alone, and write nowhere else."""
    (folder / "alsa.conf").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    patch.setenv("ALSA_CONFIG_PATH", str(folder / "alsa.conf"))
    patch.setenv("XDG_RUNTIME_DIR", str(folder))
    patch.setenv("XDG_CONFIG_HOME", str(folder))
    patch.setenv("PULSE_SERVER", f"unix:{folder / 'native'}")
    patch.setenv("PULSE_COOKIE", str(folder / "cookie"))
    os.chmod(folder, 0o700)  # PulseAudio refuses a runtime folder that others can read


def _look_anew() -> None:
    try:
        sounddevice = portaudio.sounddevice()
    except NoSoundSystem as error:
        pytest.skip(str(error))
    sounddevice._terminate()
    sounddevice._initialize()
