"""Video files keep their own pace, lose nothing when read fast, and bad ones are one clear line."""

from __future__ import annotations

import asyncio
import os
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from devices import capture, video
from devices.camera import CameraOptions, open_camera
from devices.capture import to_pixels
from devices.lines import Latest
from devices.media import DeviceError
from devices.video import FrameCap, VideoFile
from tests.cameras import film_of, running, write_clip
from tests.hanging import Hang, seconds_to_leave
from tests.virtual import VirtualLoop


def turned(path: Path) -> Path:
    """Have the film say that it is to be shown turned by 90° clockwise, as a phone held upright writes it."""
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


async def test_a_film_keeps_its_own_pace(media: Path) -> None:
    started = asyncio.get_running_loop().time()
    shots = await film_of(VideoFile("film", media / "video" / "va-bunny_3s.mp4", 1280))
    assert len(shots) == 45
    assert [shot.captured_at - started for shot in shots] == pytest.approx([number / 15 for number in range(45)])
    assert asyncio.get_running_loop().time() == pytest.approx(shots[-1].captured_at)


async def test_the_cap_holds_on_average_for_rates_that_do_not_divide(media: Path) -> None:
    for clip, seconds in (("intel-car-detection", 30.16), ("va-bunny_3s", 3.0)):
        shots = await film_of(VideoFile("film", media / "video" / f"{clip}.mp4", 160, fps=10))
        assert len(shots) == pytest.approx(seconds * 10, abs=2), clip
        assert min(after.captured_at - before.captured_at for before, after in pairwise(shots)) > 0.05


async def test_a_fast_film_loses_nothing_however_slow_its_reader(media: Path) -> None:
    started = asyncio.get_running_loop().time()
    camera = VideoFile("film", media / "video" / "va-bunny_3s.mp4", 1280, fast=True)
    async with running(camera) as frames:
        times = []
        async for frame in frames:
            times.append(frame.captured_at - started)
            await asyncio.sleep(1.0)
        assert frames.dropped == 0
    assert times == pytest.approx([number / 15 for number in range(45)])


async def test_a_film_catches_up_after_the_machine_was_busy(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    clip = write_clip(tmp_path / "clip.mp4", fps=10, frames=30)
    async with running(VideoFile("film", clip, 1280), size=100) as frames:
        started = (await frames.get()).captured_at
        loop.now += 1.0
        shots = [frame async for frame in frames]
    expected = [0.1, *(at / 10 for at in range(9, 30))]  # the one at 0.1 s was decoded when the machine got busy
    assert [shot.captured_at - started for shot in shots] == pytest.approx(expected)


async def test_a_film_too_slow_to_decode_is_shown_slower_not_skipped_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    monkeypatch.setattr(video, "SKIPPING", 0.0)

    def slow(picture: Any, max_side: int) -> Any:
        loop.now += 0.5
        return to_pixels(picture, max_side)

    monkeypatch.setattr(capture, "to_pixels", slow)
    shots = await film_of(VideoFile("film", write_clip(tmp_path / "clip.mp4", frames=10), 1280))
    gaps = [after.captured_at - before.captured_at for before, after in pairwise(shots)]
    assert gaps == pytest.approx([0.4] + [0.5] * 8)


async def test_a_frame_that_opencv_cannot_convert_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter(range(10))

    def brittle(picture: Any, max_side: int) -> Any:
        if next(made) == 4:
            raise cv2.error("no such colours")
        return to_pixels(picture, max_side)

    monkeypatch.setattr(capture, "to_pixels", brittle)
    shots = await film_of(VideoFile("film", write_clip(tmp_path / "clip.mp4", frames=10), 1280, fast=True))
    steps = [after.captured_at - before.captured_at for before, after in pairwise(shots)]
    assert steps == pytest.approx([0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1])


def test_a_film_on_a_disk_that_hangs_keeps_nobody_from_leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Hang() as hang:
        monkeypatch.setattr(video, "open_capture", hang)
        assert seconds_to_leave(VideoFile("film", tmp_path / "clip.mp4", 1280).run(Latest()), hang) < 0.5


async def test_a_film_taken_upright_is_shown_upright(tmp_path: Path) -> None:
    clip = turned(write_clip(tmp_path / "clip.mp4", size=(320, 240), frames=2))
    shot = (await film_of(VideoFile("film", clip, 1280)))[0]
    assert shot.pixels.shape == (320, 240, 3)
    assert shot.pixels[40, 200].min() > 200  # what was upper left is upper right
    assert shot.pixels[40, 40].max() < 60


async def test_red_stays_red(tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 64))
    writer.write(np.full((64, 64, 3), (0, 0, 255), np.uint8))
    writer.release()
    red, green, blue = (await film_of(VideoFile("film", tmp_path / "a.mp4", 1280)))[0].pixels[32, 32]
    assert red > 200 > 60 > max(green, blue)


def bad_videos(folder: Path) -> dict[str, Path]:
    """Everything that is called a video and is none."""
    whole = write_clip(folder / "whole.mp4").read_bytes()
    assert whole.index(b"moov") > len(whole) // 2
    (folder / "zero.mp4").touch()
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "text.mp4").write_text("this is a letter, not a video")
    write_clip(folder / "empty.mp4", frames=0)
    return {name: folder / f"{name}.mp4" for name in ("zero", "truncated", "text", "empty", "missing")}


def test_bad_videos_are_one_line_that_names_the_file(tmp_path: Path) -> None:
    for name, path in bad_videos(tmp_path).items():
        with pytest.raises(DeviceError, match=rf"{name}\.mp4") as refused:
            open_camera(CameraOptions(source=str(path))).probe()
        assert "\n" not in str(refused.value)


async def test_a_bad_video_is_an_error_when_run_as_well(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="check the path"):
        await VideoFile("film", tmp_path / "gone.mp4", 1280).run(Latest())


def test_a_folder_named_like_a_video_says_that_it_has_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").mkdir()
    with pytest.raises(DeviceError, match="no pictures in"):
        open_camera(CameraOptions(source=str(tmp_path / "clip.mp4"))).probe()


def test_opencv_keeps_its_remarks_to_itself(tmp_path: Path) -> None:
    """In a process of its own, as FFmpeg reads how much it may say only once."""
    sources = ["9998", "rtsp://127.0.0.1:9/live", *(str(path) for path in bad_videos(tmp_path).values())]
    script = """
import sys
from devices.camera import CameraOptions, open_camera
from devices.media import DeviceError
for source in sys.argv[1:]:
    try:
        open_camera(CameraOptions(source=source)).probe()
    except DeviceError as error:
        print(error)
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENCV")}
    done = subprocess.run([sys.executable, "-c", script, *sources], capture_output=True, text=True, env=environment)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == len(sources)


def test_frames_that_come_early_wait_and_late_ones_do_not_shift_the_rest() -> None:
    cap = FrameCap(10.0, start=0.0)
    times = (0.0, 0.05, 0.16, 0.19, 0.21, 0.29, 0.31, 5.0, 5.01, 5.11)
    assert [at for at in times if cap.allows(at)] == [0.0, 0.16, 0.21, 0.31, 5.0, 5.01, 5.11]
    everything = FrameCap(None, start=0.0)
    assert all(everything.allows(at) for at in times)
