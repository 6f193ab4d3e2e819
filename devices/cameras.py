"""Which cameras this machine has, by index and by the name that their driver gives them."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from devices.capture import opened
from devices.media import DeviceError

_QUERYCAP = 0x80685600
_CAPABILITY_BYTES, _DEVICE_CAPS_AT, _TAKES_PICTURES = 104, 88, 0x1 | 0x1000
"""Of the kernel's v4l2_capability: its size, where `device_caps` stands, its bits for one plane and for several."""


def list_cameras() -> list[tuple[int | str, str]]:
    """The index and the name of each camera of this machine; empty where there is none. Blocking."""
    if sys.platform.startswith("linux"):
        return _known_to_the_kernel(Path("/sys/class/video4linux"), Path("/dev"))
    return [(index, f"camera {index}") for index in range(5) if _opens(index)]


def _known_to_the_kernel(classes: Path, devices: Path) -> list[tuple[int | str, str]]:
    numbers = sorted(int(entry.name[5:]) for entry in classes.glob("video*") if entry.name[5:].isdecimal())
    return [
        (number, (classes / f"video{number}" / "name").read_text(errors="replace").strip())
        for number in numbers
        if (devices / f"video{number}").exists() and _takes_pictures(devices / f"video{number}")
    ]


def _takes_pictures(node: Path) -> bool:
    """Ask the driver, as a camera also has nodes for metadata. One that may not be asked counts as a camera."""
    import fcntl

    answer = bytearray(_CAPABILITY_BYTES)
    try:
        with node.open("rb", buffering=0) as device:
            fcntl.ioctl(device, _QUERYCAP, answer)
    except OSError:
        return True
    return bool(struct.unpack_from("=I", answer, _DEVICE_CAPS_AT)[0] & _TAKES_PICTURES)


def _opens(index: int) -> bool:
    try:
        with opened(index):
            return True
    except DeviceError:
        return False
