"""Opening cameras: which this machine has, and what is said when one is not there, without giving secrets away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.camera import CameraOptions, open_camera
from devices.cameras import _known_to_the_kernel, list_cameras
from devices.capture import grabbed, open_capture, opened, shown
from devices.media import DeviceError
from devices.video import LiveCamera


def test_a_stream_that_is_not_there_is_one_line_without_its_password() -> None:
    for address in ("rtsp://me:secret@127.0.0.1:9/live", "http://127.0.0.1:9/video?password=secret"):
        with pytest.raises(DeviceError, match=r"no video from \w+://127.0.0.1:9/") as refused:
            LiveCamera("door", address, 1280).probe()
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "harmless"),
    [
        ("rtsp://me:secret@host:554/live", "rtsp://host:554/live"),
        ("rtsp://me:sec@ret/!@host/live", "rtsp://host/live"),
        ("rtsp://admin:pa#ss@cam/stream", "rtsp://cam/stream"),
        ("rtsp://admin:pa?ss@cam/stream", "rtsp://cam/stream"),
        ("http://host:80/video?pwd=sec@ret", "http://***"),
        ("http://host:80?pwd=sec@ret", "http://***"),
        ("http://host/video.cgi?user=me&pwd=secret", "http://host/video.cgi"),
        ("rtsp://host/user=me_password=secret_channel=1/live", "rtsp://host/user=me_password=***/live"),
        ("/dev/video3", "/dev/video3"),
        (3, "camera 3"),
    ],
)
def test_an_address_is_shown_without_what_it_hides(address: int | str, harmless: str) -> None:
    assert shown(address) == harmless


SECRETS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("@:/?#[]&="), max_size=12)


@given(SECRETS)
def test_no_password_survives_whatever_is_in_it(secret: str) -> None:
    assert shown(f"rtsp://admin:{secret}@cam/stream") in ("rtsp://cam/stream", "rtsp://***")
    assert shown(f"http://cam:80/video?pwd={secret}") in ("http://cam:80/video", "http://***")
    assert shown(f"http://me:{secret}@cam/video?pwd={secret}") in ("http://cam/video", "http://***")


class Capture:
    """A camera whose pictures OpenCV can decode to `picture`, and which gives an error of OpenCV for None."""

    def __init__(self, picture: Any) -> None:
        self._picture = picture
        self.released = False

    def grab(self) -> bool:
        return self.retrieve()[0]

    def retrieve(self) -> tuple[bool, Any]:
        if self._picture is None:
            raise cv2.error("the decoder fell over")
        return True, self._picture

    def release(self) -> None:
        self.released = True


@pytest.mark.parametrize("shape", [None, (0, 0, 3), (0,), (20, 30, 7)])
def test_a_picture_that_cannot_be_decoded_or_has_no_colours_is_spoilt(shape: tuple[int, ...] | None) -> None:
    capture: Any = Capture(None if shape is None else np.zeros(shape, np.uint8))
    assert grabbed(capture, 16) is None


def test_an_error_of_opencv_is_one_line_that_names_the_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Capture(None)
    monkeypatch.setattr("devices.capture.open_capture", lambda source, side: broken)
    with (
        pytest.raises(DeviceError, match=r"^rtsp://door/ sends pictures that OpenCV cannot read"),
        opened("rtsp://me:secret@door/") as capture,
    ):
        capture.grab()
    assert broken.released


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the message is the same, the waiting is not")
@pytest.mark.parametrize("source", [9998, "/dev/video9998"])
def test_no_such_camera_is_one_line_that_says_how_to_list_them(source: int | str) -> None:
    with pytest.raises(DeviceError, match=r"9998 is not here .*omni devices") as refused:
        open_camera(CameraOptions(source=source)).probe()
    assert "\n" not in str(refused.value)


def test_the_cameras_of_the_machine_are_listed_by_number(tmp_path: Path) -> None:
    for number, name in ((10, "Door"), (2, "Integrated Camera\n"), (7, "Gone")):
        (tmp_path / "sys" / f"video{number}").mkdir(parents=True)
        (tmp_path / "sys" / f"video{number}" / "name").write_text(name)
    (tmp_path / "dev").mkdir()
    for number in (2, 10):
        (tmp_path / "dev" / f"video{number}").touch()
    assert _known_to_the_kernel(tmp_path / "sys", tmp_path / "dev") == [(2, "Integrated Camera"), (10, "Door")]


def test_a_machine_without_cameras_says_so(tmp_path: Path) -> None:
    assert _known_to_the_kernel(tmp_path / "sys", tmp_path / "dev") == []
    assert all(isinstance(name, str) for _, name in list_cameras())


def test_a_film_on_the_web_is_not_taken_for_a_live_stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class WebFilm:
        def __init__(self, *_: Any) -> None:
            self.released = False

        def isOpened(self) -> bool:
            return True

        def get(self, prop: int) -> float:
            return 45.0 if prop == cv2.CAP_PROP_FRAME_COUNT else 0.0

        def release(self) -> None:
            self.released = True

    monkeypatch.setattr(cv2, "VideoCapture", WebFilm)
    with pytest.raises(DeviceError, match="a video with an end"):
        open_capture("http://host/clip.mp4")
