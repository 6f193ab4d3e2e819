"""Fixtures for all tests: coroutine tests run on a virtual clock, real media are found or the test is skipped."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.cli import take_short_turns
from assistant.mqtt.options import PASSWORD
from devices import capture
from tests import virtual
from tests.certificates import Authority, authority
from tests.mosquitto import Mosquitto, running

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    take_short_turns()  # as the program does, so that what is measured is true of it
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell runs in the background ignores it
    config.addinivalue_line(
        "markers", "real_time: this coroutine test runs on the real clock (real threads or devices)"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run `async def` tests: on the virtual clock, or on the real one where marked, 60 s at most."""
    if not asyncio.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    main = pyfuncitem.obj(**arguments)
    if pyfuncitem.get_closest_marker("real_time"):
        asyncio.run(asyncio.wait_for(main, 60))
    else:
        virtual.run(main)
    return True


@pytest.fixture(scope="session", autouse=True)
def _state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What sessions of tests leave behind is not mixed with what this person's own left."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder that holds `media/` and `weights/`: $OMNI_TEST_DATA, or `shared` beside the repository."""
    folder = Path(os.environ.get("OMNI_TEST_DATA", REPOSITORY.parent / "shared"))
    if not (folder / "media").is_dir():
        pytest.skip(f"no real media: {folder.name}/media is absent; name its folder in OMNI_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def media(test_data: Path) -> Path:
    """Real photos, speech and videos (`images/`, `audio/`, `video/`, `ground_truth.json`)."""
    return test_data / "media"


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker on a free port that anyone may use; `running` of tests.mosquitto starts other ones."""
    with running(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def silent(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No password from outside, and not a word on the terminal, whatever happens to the connection."""
    monkeypatch.delenv(PASSWORD, raising=False)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    yield
    assert capfd.readouterr() == ("", "")
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before + 2, "sockets were left open"


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority whose certificates a broker shows."""
    return authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def plug_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Have these captures be opened, one after another."""

    def plug(*captures: Any) -> None:
        waiting = iter(captures)
        monkeypatch.setattr(capture, "open_capture", lambda source, side=1280: next(waiting))

    return plug
