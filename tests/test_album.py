"""Keyframes: a ring of so many pictures and bytes, in memory or on disk, for its owner alone, and gone in time."""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.media import Frame
from pipelines import album
from pipelines.album import Album, for_session, jpeg, named

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def name(number: int) -> str:
    return named("desk", number, NOON + timedelta(seconds=number))


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_picture_is_found_by_its_name_until_newer_ones_push_it_out(tmp_path: Path, on_disk: bool) -> None:
    kept = Album(2, 1000, tmp_path / "pictures" if on_disk else None)
    for number in range(3):
        assert kept.keep(name(number), bytes([number]))
    assert [kept.picture(name(number)) for number in range(3)] == [None, b"\x01", b"\x02"]
    assert kept.picture("../../etc/passwd") is None


def test_a_picture_that_is_larger_than_the_album_leaves_the_others() -> None:
    kept = Album(5, 10)
    kept.keep(name(0), b"small")
    assert not kept.keep(name(1), b"x" * 11)
    assert kept.picture(name(0)) == b"small"


def test_an_album_of_no_pictures_keeps_none() -> None:
    kept = Album(0, 1000)
    assert not kept.keep(name(0), b"x")
    assert len(kept) == 0


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(0, 60), max_size=30), on_disk=st.booleans())
def test_whatever_comes_the_ring_stays_within_its_bounds(sizes: list[int], on_disk: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        kept = Album(5, 100, Path(folder) if on_disk else None)
        for number, size in enumerate(sizes):
            kept.keep(name(number), b"x" * size)
            assert len(kept) <= 5
            assert kept.size <= 100
            files = list(Path(folder).iterdir())
            assert sum(file.stat().st_size for file in files) == (kept.size if on_disk else 0)
        taken = [kept.picture(name(number)) is not None for number, size in enumerate(sizes) if size <= 100]
        assert taken == sorted(taken)  # what is kept is the newest


def test_what_is_older_is_forgotten_by_its_time(tmp_path: Path) -> None:
    kept = Album(9, 1000, tmp_path)
    for number in range(4):
        kept.keep(name(number), b"x")
    kept.forget(NOON + timedelta(seconds=2))
    assert [path.name for path in album.pictures(tmp_path)] == [name(2), name(3)]


def test_an_album_that_stays_is_taken_up_again_and_others_files_are_left(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"mine")
    first = Album(3, 1000, tmp_path, stays=True)
    for number in range(3):
        first.keep(name(number), b"x")
    first.close()
    second = Album(2, 1000, tmp_path)
    assert [second.picture(name(number)) for number in range(3)] == [None, b"x", b"x"]
    second.close()
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_an_album_of_a_session_is_for_its_owner_alone_and_goes_at_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "album"
    kept = for_session(3, 1000, folder)
    kept.keep(name(0), b"x")
    (own,) = folder.iterdir()
    (picture,) = own.iterdir()
    assert (own.stat().st_mode & 0o777, picture.stat().st_mode & 0o777) == (0o700, 0o600)
    kept.close()
    assert list(folder.iterdir()) == []


def test_what_a_killed_session_left_is_removed_and_a_running_ones_is_not(tmp_path: Path) -> None:
    for session in (f"session-{2**22 + 1}-left", f"session-{os.getppid()}-running"):
        Album(1, 9, tmp_path / session, stays=True).keep(name(0), b"x")
    for_session(3, 1000, tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == [f"session-{os.getppid()}-running"]


def test_a_keyframe_becomes_a_small_jpeg_in_its_own_colours() -> None:
    red = np.zeros((1080, 1920, 3), np.uint8)
    red[..., 0] = 200
    shown = cv2.imdecode(np.frombuffer(jpeg(Frame(red, 0.0, "desk")), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert shown.shape == (540, 960, 3)
    assert abs(shown.mean(axis=(0, 1)) - [200, 0, 0]).max() < 5


def test_a_name_is_a_file_s_whatever_the_camera_is_called() -> None:
    assert named("../Küche 1/", 3, NOON) == "20260314-120000-000-kuche-1-3.jpg"
    assert named("摄像头", 3, NOON) == "20260314-120000-000-camera-3.jpg"
