"""Stills and folders of stills: whatever a picture file holds, it becomes upright RGB or one clear line."""

from __future__ import annotations

import asyncio
import random
import struct
import warnings
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from devices import stills
from devices.lines import Latest
from devices.media import DeviceError, Frame, Pixels
from devices.stills import Still, StillFolder, load_still, pictures_in
from tests.hanging import Hang, seconds_to_leave

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def halves(width: int = 64, height: int = 32) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", (width, height), RED)
    picture.paste(BLUE, (width // 2, 0, width, height))
    return picture


def near(pixels: Pixels, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether the pixel at (row, column) has that colour, but for lossy compression."""
    return bool(np.abs(pixels[at].astype(int) - colour).max() < 40)


def bare_png(path: Path, width: int, height: int) -> Path:
    """A PNG that is nothing but its head: whoever decodes it finds no pixels."""
    head = struct.pack(">4sIIBBBBB", b"IHDR", width, height, 8, 2, 0, 0, 0)
    head = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + struct.pack(">I4s", 1000, b"IDAT"))
    return path


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "png", "webp", "bmp", "gif"])
def test_every_format_becomes_rgb(tmp_path: Path, ending: str) -> None:
    halves().save(tmp_path / f"a.{ending}")
    pixels = load_still(tmp_path / f"a.{ending}", 1280)
    assert pixels.shape == (32, 64, 3)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert near(pixels, (16, 8), RED)
    assert near(pixels, (16, 56), BLUE)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_a_picture_taken_with_the_phone_on_its_side_stands_upright(tmp_path: Path, ending: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    halves().save(tmp_path / f"a.{ending}", exif=exif)
    pixels = load_still(tmp_path / f"a.{ending}", 1280)
    assert pixels.shape == (64, 32, 3)
    assert near(pixels, (8, 16), RED)
    assert near(pixels, (56, 16), BLUE)


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    picture = halves().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 32, 32))
    for name in ("a.png", "b.webp", "c.gif"):
        picture.save(tmp_path / name)
        pixels = load_still(tmp_path / name, 1280)
        assert near(pixels, (16, 8), WHITE), name
        assert near(pixels, (16, 56), BLUE), name


def test_grey_of_any_depth_keeps_its_brightness(tmp_path: Path) -> None:
    Image.fromarray(np.full((32, 32), 25_700, np.uint16)).save(tmp_path / "sixteen.png")
    Image.new("L", (32, 32), 100).save(tmp_path / "eight.png")
    Image.new("LA", (32, 32), (100, 255)).save(tmp_path / "alpha.png")
    Image.new("1", (32, 32), 1).save(tmp_path / "one.png")
    brightness = {path.stem: load_still(path, 1280)[16, 16].tolist() for path in tmp_path.iterdir()}
    assert brightness == {"sixteen": [100] * 3, "eight": [100] * 3, "alpha": [100] * 3, "one": [255] * 3}


def test_a_picture_made_for_print_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (32, 32), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    assert near(load_still(tmp_path / "a.jpg", 1280), (16, 16), RED)


@pytest.mark.parametrize(
    ("size", "expected"), [((4000, 1000), (1280, 320)), ((1000, 4000), (320, 1280)), ((200, 100), (200, 100))]
)
@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_large_pictures_shrink_and_small_ones_stay(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int], ending: str
) -> None:
    halves(*size).save(tmp_path / f"a.{ending}")
    height, width, _ = load_still(tmp_path / f"a.{ending}", 1280).shape
    assert (width, height) == expected


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (400, 15), (12_000, 9_000), (60_000, 60_000)])
def test_sizes_out_of_bounds_are_refused_without_decoding(tmp_path: Path, size: tuple[int, int]) -> None:
    path = bare_png(tmp_path / "a.png", *size)
    with pytest.raises(DeviceError, match=r"100 megapixels|at least 16 pixels a side") as refused:
        load_still(path, 1280)
    assert "a.png" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_pixels_that_are_missing_are_an_error(tmp_path: Path) -> None:
    """The head alone is fine: this is what makes the test above say something."""
    with pytest.raises(DeviceError, match=r"a\.png is broken"):
        load_still(bare_png(tmp_path / "a.png", 640, 480), 1280)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "bmp", "gif"])
def test_files_that_are_cut_short_or_are_no_pictures_are_one_clear_line(tmp_path: Path, ending: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    noise.save(tmp_path / f"whole.{ending}")
    whole = (tmp_path / f"whole.{ending}").read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"this is a letter, not a picture"):
        path = tmp_path / f"bad.{ending}"
        path.write_bytes(content)
        with pytest.raises(DeviceError, match="bad") as refused:
            load_still(path, 1280)
        assert "\n" not in str(refused.value)


def test_a_picture_on_a_disk_that_hangs_keeps_nobody_from_leaving(monkeypatch: pytest.MonkeyPatch) -> None:
    with Hang() as hang:
        monkeypatch.setattr(stills, "load_still", hang)
        assert seconds_to_leave(Still("photo", Path("photo.jpg"), 1280).run(Latest()), hang) < 0.5


def test_no_such_picture() -> None:
    for path in (Path("nowhere.jpg"), Path("x" * 400 + ".jpg"), Path("nul\0.jpg")):
        with pytest.raises(DeviceError, match="check the path"):
            Still("door", path, 1280).probe()


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "bmp", "gif"])
def test_damaged_bytes_give_pixels_or_a_device_error_and_nothing_else(tmp_path: Path, ending: str) -> None:
    chance = random.Random(7)
    path = tmp_path / f"a.{ending}"
    halves().save(path)
    whole = path.read_bytes()
    for _ in range(100):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            pixels = load_still(path, 256)
        except DeviceError:
            continue
        assert pixels.ndim == 3
        assert max(pixels.shape) <= 256


async def test_a_still_is_shown_until_cancelled_and_read_once(tmp_path: Path) -> None:
    halves().save(tmp_path / "a.png")
    frames: Latest[Frame] = Latest(100)
    showing = asyncio.create_task(Still("door", tmp_path / "a.png", 1280, fps=10).run(frames))
    await asyncio.sleep(10.1)
    showing.cancel()
    await asyncio.wait([showing])
    seen = [await frames.get() for _ in range(len(frames))]
    assert len(seen) == 21
    assert len({id(frame.pixels) for frame in seen}) == 1
    assert [after.captured_at - frame.captured_at for frame, after in pairwise(seen)] == pytest.approx([0.5] * 20)


async def test_a_folder_is_shown_in_the_order_a_person_counts_and_then_ends(tmp_path: Path) -> None:
    for number, level in (("10", 30), ("2", 20), ("1", 10)):
        Image.new("L", (32, 32), level).save(tmp_path / f"still-{number}.png")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "._still-1.png").write_bytes(b"what macOS leaves behind")
    folder = StillFolder("hall", tmp_path, 1280, hold=3.0)
    folder.probe()
    frames: Latest[Frame] = Latest(100)
    started = asyncio.get_running_loop().time()
    await folder.run(frames)
    assert asyncio.get_running_loop().time() - started == pytest.approx(9.0)
    shown_at: dict[int, float] = {}
    for _ in range(len(frames)):
        frame = await frames.get()
        shown_at.setdefault(int(frame.pixels[0, 0, 0]), frame.captured_at - started)
    assert list(shown_at) == [10, 20, 30]
    assert list(shown_at.values()) == pytest.approx([0.0, 3.0, 6.0])


async def test_a_broken_picture_in_a_folder_is_named(tmp_path: Path) -> None:
    halves().save(tmp_path / "1.png")
    (tmp_path / "2.png").write_bytes(b"")
    with pytest.raises(DeviceError, match=r"2\.png"):
        StillFolder("hall", tmp_path, 1280).probe()
    bare_png(tmp_path / "2.png", 640, 480)
    with pytest.raises(DeviceError, match=r"2\.png is broken"):
        await StillFolder("hall", tmp_path, 1280).run(Latest())


def test_a_folder_without_pictures_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"no pictures in .*: put JPEG"):
        StillFolder("hall", tmp_path, 1280).probe()
    with pytest.raises(DeviceError, match="cannot be read"):
        pictures_in(tmp_path / "gone")


def test_names_with_odd_digits_can_be_sorted(tmp_path: Path) -> None:
    for name in ("a².png", "٣.png", "10.png", "b.png", "9.png"):
        (tmp_path / name).touch()
    assert [path.name for path in pictures_in(tmp_path)] == ["٣.png", "9.png", "10.png", "a².png", "b.png"]


def test_real_photos_are_read(media: Path) -> None:
    photos = pictures_in(media / "images")
    assert photos
    for path in photos:
        pixels = load_still(path, 640)
        assert max(pixels.shape) <= 640
        assert pixels.std() > 10, path.name


async def test_a_folder_ends_although_a_clock_cannot_pass_what_rounding_left_of_its_time(tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "only.png")
    ticking = asyncio.create_task(_tick())  # another clock, that of a microphone: its steps make the sums inexact
    for number in range(40):
        await asyncio.sleep(number / 7)
        frames = Latest[Frame](1)
        reader = asyncio.create_task(_read_all(frames))  # as long as somebody is awake, the virtual clock stands still
        await StillFolder("desk", tmp_path, 640, 15.0).run(frames)
        frames.close()
        assert 29 <= await reader <= 31
    ticking.cancel()


async def _tick() -> None:
    for _ in range(1_000_000):
        await asyncio.sleep(0.032)


async def _read_all(frames: Latest[Frame]) -> int:
    return len([frame async for frame in frames])


def test_what_pillow_makes_good_itself_is_not_told(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description that is longer than what the file has room for"
    damaged = exif.tobytes()[:-30]
    halves().save(tmp_path / "a.jpg", exif=damaged)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert load_still(tmp_path / "a.jpg", 1280).shape == (32, 64, 3)
    assert [str(one.message) for one in told] == []
