"""`omni run --mqtt`: a session as a person starts it, on a real broker, and what is said where that cannot be."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from assistant import session
from assistant.arguments import session as session_arguments
from assistant.config import ConfigError
from assistant.mqtt.bridge import Bridge
from assistant.parts import REAL
from assistant.session import configured
from tests.mosquitto import Mosquitto, running

CAMERA = '[[camera]]\nname = "door"\nsource = 0\n'


def arguments(file: Path, mqtt: str | None) -> argparse.Namespace:
    """As the command line gives them, so that a new one is not missing here."""
    parser = argparse.ArgumentParser()
    session_arguments(parser)
    return parser.parse_args([str(file), "--plain", *([] if mqtt is None else [f"--mqtt={mqtt}"])])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home.toml"


def test_the_command_line_names_another_broker(file: Path) -> None:
    file.write_text(f'[mqtt]\nhost = "here"\nport = 1\nnode = "home"\n{CAMERA}')
    chosen = configured(arguments(file, "there:2")).mqtt
    assert chosen is not None
    assert (chosen.address, chosen.node) == (("there", 2), "home")


def test_another_broker_is_not_looked_for_at_the_port_of_the_files_one(file: Path) -> None:
    file.write_text(f'[mqtt]\nhost = "here"\nport = 1\n{CAMERA}')
    chosen = configured(arguments(file, "there")).mqtt
    assert chosen is not None
    assert chosen.address == ("there", 1883)


def test_the_command_line_names_a_broker_where_the_file_names_none(file: Path) -> None:
    file.write_text(CAMERA)
    assert configured(arguments(file, None)).mqtt is None
    chosen = configured(arguments(file, "[::1]")).mqtt
    assert chosen is not None
    assert chosen.address == ("::1", 1883)


@pytest.mark.parametrize("place", ["", "here:", "here:port", "here:0", "a b", "[here]:1"])
def test_what_is_no_broker_is_said_in_one_line(file: Path, place: str) -> None:
    file.write_text(CAMERA)
    with pytest.raises(ConfigError) as failed:
        configured(arguments(file, place))
    assert len(failed.value.lines) == 1
    assert failed.value.lines[0].startswith("--mqtt")


@pytest.mark.parametrize(
    "name", ["door/1", "all+", "#", "$door", "status", "a\\u0000b", "x\\u0085y", "\\ufffe", " ", " desk", "desk "]
)
def test_a_camera_that_can_be_no_topic_is_said_before_anything_runs(file: Path, name: str) -> None:
    file.write_text(f'[[camera]]\nname = "{name}"\nsource = 0\n')
    configured(arguments(file, None))
    with pytest.raises(ConfigError, match="over MQTT the camera"):
        configured(arguments(file, "here"))


@pytest.mark.real_time
async def test_a_session_is_on_the_broker_until_it_is_asked_to_end(tmp_path: Path, file: Path) -> None:
    _configure(file)
    with running(tmp_path / "broker") as broker, broker.listening("omni/#") as heard:
        session = _session(file, broker)
        try:
            await asyncio.to_thread(heard.until, lambda got: any(one.payload == b'{"state":"online"}' for one in got))
            await asyncio.to_thread(broker.publish, "omni/home/privacy/set", "ON")
            await asyncio.to_thread(heard.until, lambda got: (got[-1].topic, got[-1].payload) == PRIVATE)
            session.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(session.wait, 10) == 128 + signal.SIGTERM
        finally:
            session.kill()
        kept = broker.retained()
    assert kept["omni/home/privacy"] == b"ON"
    assert (kept["omni/home/status"], kept["omni/home/door/status"]) == (b'{"state":"offline"}', b"offline")
    assert json.loads(kept["omni/home/bridge/health"])["problem"] is False


@pytest.mark.real_time
@pytest.mark.parametrize("part", ["_take_all", "_tell_health", "_obey"])
async def test_a_bridge_that_breaks_ends_the_session_with_its_error(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    async def broken(*_: object) -> None:
        raise LookupError("a mistake in the bridge")

    _configure(file)
    monkeypatch.setenv("OMNI_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Bridge, part, broken)
    given = arguments(file, "127.0.0.1:1")
    with pytest.raises(LookupError, match="a mistake in the bridge"):
        async with asyncio.timeout(5):
            await session._show(configured(given), given, REAL)


PRIVATE = ("omni/home/privacy", b"ON")


def _configure(file: Path) -> None:
    """One camera that looks at a photo, and a broker that is not the one of the command line."""
    from PIL import Image

    camera = '[[camera]]\nname = "door"\nsource = "photo.png"\n'
    file.write_text(f'[mqtt]\nhost = "nowhere.invalid"\nnode = "home"\n{camera}')
    Image.new("RGB", (64, 48), "grey").save(file.with_name("photo.png"))


def _session(file: Path, broker: Mosquitto) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "assistant", "run", file.name, "--plain", "--mqtt", f"{broker.host}:{broker.port}"]
    environment = os.environ | {"OMNI_HOME": str(file.parent / "home"), "PYTHONPATH": os.getcwd()}
    return subprocess.Popen(
        command, cwd=file.parent, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
