"""Cameras of every kind keep one contract; live ones are never old, and their errors are one line."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from devices import capture, video
from devices.camera import CameraOptions, open_camera
from devices.lines import Latest
from devices.media import Camera, DeviceError, Frame
from devices.stills import Still, StillFolder
from devices.video import LiveCamera, VideoFile
from pipelines.trouble import Patience, keep_up
from pipelines.types import Event, Trouble
from tests.cameras import KINDS, ScriptedCapture, plugged, running
from tests.mjpeg import MjpegServer, number_of


@pytest.fixture
def camera(request: pytest.FixtureRequest, tmp_path: Path, plug_in: Callable[..., None]) -> Iterator[Camera]:
    """A camera of the asked kind."""
    with plugged(request.param, tmp_path, plug_in) as camera:
        yield camera


@pytest.mark.real_time
@pytest.mark.parametrize("camera", KINDS, indirect=True)
async def test_every_camera_keeps_the_contract(camera: Camera) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with running(camera) as frames:
        taken = [await frames.get(), await frames.get()]
        cancelled_at = loop.time()
    assert loop.time() - cancelled_at < 0.5
    for frame in taken:
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.shape == (120, 160, 3)
        assert frame.pixels.flags.c_contiguous
        assert frame.camera == camera.name == "door"
    assert began <= taken[0].captured_at < taken[1].captured_at
    assert camera.endless or not camera.live


@pytest.mark.parametrize(
    ("source", "kind", "live", "endless"),
    [
        (0, LiveCamera, True, True),
        ("2", LiveCamera, True, True),
        ("/dev/video0", LiveCamera, True, True),
        ("rtsp://door/stream", LiveCamera, True, True),
        ("https://door/video.mp4", LiveCamera, True, True),
        ("clip.mp4", VideoFile, False, False),
        ("photo.JPG", Still, False, True),
        (".", StillFolder, False, False),
        ("x" * 5000, VideoFile, False, False),
        ("nul\0.mp4", VideoFile, False, False),
    ],
)
def test_the_source_decides_the_kind(source: int | str, kind: type, live: bool, endless: bool) -> None:
    found = open_camera(CameraOptions(source=source))
    assert (type(found), found.live, found.endless) == (kind, live, endless)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"source": source} for source in (-1, "", True, 1.5)),
        *({"fps": fps} for fps in (0, -1, float("nan"), float("inf"))),
        *({"max_side": 10}, {"hold": 0}, {"name": ""}, {"sauce": 0}),
    ],
)
def test_wrong_options_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        CameraOptions(**wrong)
    assert [error["loc"] for error in refused.value.errors()] == [tuple(wrong)]


def test_asking_for_a_camera_loads_nothing_heavy() -> None:
    script = """
import sys
from devices.camera import CameraOptions, open_camera
for source in (0, "rtsp://door", "clip.mp4", "photo.jpg", "."):
    open_camera(CameraOptions(source=source))
assert not {"cv2", "PIL", "torch"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.real_time
async def test_a_slow_reader_gets_the_newest_picture_not_an_old_one() -> None:
    with MjpegServer(fps=50) as server:
        async with running(LiveCamera("door", server.url(), 1280)) as frames:
            for _ in range(4):
                frame = await frames.get()
                age = time.monotonic() - server.sent_at[number_of(frame)]
                assert age < 0.15
                assert server.sent_at[number_of(frame)] == pytest.approx(frame.captured_at, abs=0.1)
                await asyncio.sleep(0.3)
                frames.put(await frames.get())  # what lies there now is what the next round must not be older than
            assert frames.dropped > 20


@pytest.mark.real_time
async def test_the_cap_takes_few_of_many_frames(plug_in: Callable[..., None]) -> None:
    plug_in(ScriptedCapture(iter([8] * 10_000)))
    async with running(LiveCamera("door", 0, 1280, fps=50), size=1000) as frames:
        taken = [await frames.get() for _ in range(20)]
    gaps = [after.captured_at - before.captured_at for before, after in pairwise(taken)]
    assert np.mean(gaps) == pytest.approx(0.02, rel=0.25)


@pytest.mark.real_time
async def test_a_device_is_given_back_when_cancelled(plug_in: Callable[..., None]) -> None:
    device = ScriptedCapture(iter([8] * 10_000))
    plug_in(device)
    async with running(LiveCamera("door", 0, 1280)) as frames:
        await frames.get()
        assert not device.released
    assert device.released


@pytest.mark.real_time
async def test_a_lost_device_is_said_once_and_tried_again(plug_in: Callable[..., None]) -> None:
    script = [ScriptedCapture(iter(levels)) for levels in ([], [10, 20], [30] * 10_000)]
    plug_in(*script)
    events: list[Event] = []
    camera, frames = LiveCamera("door", 0, 1280), Latest[Frame](100)
    patience = Patience("camera", events.append, first=0.01)
    keeping = asyncio.create_task(keep_up(patience, lambda: camera.run(frames), lambda: frames.accepted))
    levels = [int((await frames.get()).pixels[0, 0, 0]) for _ in range(4)]
    keeping.cancel()
    await asyncio.wait([keeping])
    assert levels == [10, 20, 30, 30]
    assert [type(event) for event in events] == [Trouble]
    assert "camera 0 was lost" in str(events[0])
    assert all(device.released for device in script)


@pytest.mark.real_time
async def test_spoilt_pictures_are_passed_over_until_they_are_too_many(plug_in: Callable[..., None]) -> None:
    plug_in(ScriptedCapture(iter([10, -1, -1, 20] + [-1] * 100)))
    frames: Latest[Frame] = Latest(100)
    with pytest.raises(DeviceError, match="was lost"):
        await LiveCamera("door", 0, 1280).run(frames)
    assert [int((await frames.get()).pixels[0, 0, 0]) for _ in range(len(frames))] == [10, 20]


def test_a_device_that_gives_no_picture_is_found_out_by_the_probe(plug_in: Callable[..., None]) -> None:
    plug_in(ScriptedCapture(iter([])), ScriptedCapture(iter([1])))
    with pytest.raises(DeviceError, match="gives no picture"):
        LiveCamera("door", 0, 1280).probe()
    LiveCamera("door", 0, 1280).probe()


@pytest.mark.real_time
async def test_a_stream_that_dies_is_an_error_that_keeps_its_password_to_itself() -> None:
    with MjpegServer() as server:
        camera = LiveCamera("door", server.url("me:secret@"), 1280)
        camera.probe()
        frames: Latest[Frame] = Latest()
        running = asyncio.create_task(camera.run(frames))
        await frames.get()
        server.die()
        with pytest.raises(DeviceError, match="was lost") as lost:
            await running
        assert "secret" not in str(lost.value)
        assert "127.0.0.1" in str(lost.value)
        server.revive()
        await asyncio.wait_for(_one_frame(camera), 5)


async def _one_frame(camera: Camera) -> Frame:
    async with running(camera) as frames:
        return await frames.get()


@pytest.mark.real_time
async def test_cancelling_does_not_wait_for_a_stream_that_hangs() -> None:
    with MjpegServer() as server:
        async with running(LiveCamera("door", server.url(), 1280)) as frames:
            await frames.get()
            server.hang()
            await asyncio.sleep(0.1)
            cancelled_at = time.monotonic()
        assert time.monotonic() - cancelled_at < 0.5


@pytest.mark.real_time
async def test_a_stream_that_hangs_is_lost_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "NETWORK_PATIENCE_MS", 300)
    with MjpegServer() as server:
        frames: Latest[Frame] = Latest()
        running = asyncio.create_task(LiveCamera("door", server.url(), 1280).run(frames))
        await frames.get()
        server.hang()
        with pytest.raises(DeviceError, match="was lost"):
            await asyncio.wait_for(running, 2)


@pytest.mark.real_time
async def test_a_device_that_says_nothing_is_lost_and_tried_again(
    plug_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck(ScriptedCapture):
        def grab(self) -> bool:
            return stuck.wait(10) and False

    stuck, told = threading.Event(), list[Event]()
    monkeypatch.setattr(video, "SILENCE", 0.2)
    plug_in(Stuck(iter([])), ScriptedCapture(iter([8] * 10_000)))
    camera, frames = open_camera(CameraOptions(masks=(((0, 0), (0.5, 0), (0.5, 0.5)),))), Latest[Frame]()
    patience = Patience("camera", told.append, first=0.01)
    task = asyncio.create_task(keep_up(patience, lambda: camera.run(frames), lambda: frames.accepted))
    assert (await frames.get()).pixels.max() == 8
    task.cancel()
    stuck.set()
    await asyncio.wait([task])
    assert [event.why for event in told if isinstance(event, Trouble)] == [
        "camera 0 has sent no picture for 0 s: is it still connected and on?"
    ]


@pytest.mark.real_time
async def test_a_reader_that_went_home_does_not_trouble_the_camera(plug_in: Callable[..., None]) -> None:
    plug_in(ScriptedCapture(iter([8] * 10)))
    frames: Latest[Frame] = Latest()
    frames.close()
    with pytest.raises(DeviceError, match="was lost"):
        await LiveCamera("door", 0, 1280).run(frames)
