"""Finding sound devices: what a person calls them, and what they are told when there are none."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from devices import portaudio
from devices.media import DeviceError, NoSoundSystem
from devices.microphone import MicrophoneOptions
from devices.quiet import quiet
from devices.speaker import SpeakerOptions
from tests import pulse
from tests.fake_sound import FakeSound, PortAudioError


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> FakeSound:
    fake = FakeSound()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)  # type: ignore[arg-type]
    monkeypatch.setattr(portaudio, "_stale", False)
    return fake


def test_lists_what_records_and_what_plays(devices: FakeSound) -> None:
    assert [(mic.index, mic.is_default, mic.rate) for mic in portaudio.list_microphones()] == [
        (1, False, 48000),
        (2, True, 48000),
    ]
    assert [(speaker.name, speaker.is_default) for speaker in portaudio.list_speakers()] == [
        ("Built-in Output", False),
        ("USB Headset", True),
    ]


@pytest.mark.parametrize(
    ("wanted", "index"), [("default", 2), (1, 1), ("1", 1), ("USB", 1), ("headset (2)", 2), ("usb headset", 1)]
)
def test_finds_a_device_by_what_a_person_calls_it(devices: FakeSound, wanted: int | str, index: int) -> None:
    assert portaudio.find("input", wanted).index == index


@pytest.mark.parametrize("wanted", ["Jabra", 0, 7, "7"])
def test_an_unknown_device_is_one_line_that_names_the_command(devices: FakeSound, wanted: int | str) -> None:
    with pytest.raises(DeviceError, match=r"there is no microphone .*: `omni devices` lists") as caught:
        portaudio.find("input", wanted)
    assert not isinstance(caught.value, NoSoundSystem)


def test_a_machine_without_a_device_has_no_sound_system(devices: FakeSound) -> None:
    devices.listed = ()  # type: ignore[misc]
    devices._initialize()
    with pytest.raises(NoSoundSystem, match="no speaker on this machine: connect one"):
        portaudio.find("output", "default")


def test_without_a_default_the_first_device_is_it(devices: FakeSound) -> None:
    devices.default = SimpleNamespace(device=[-1, -1])
    assert portaudio.find("output", "default").index == 0


def test_a_microphone_that_cannot_do_mono_is_used_in_stereo_and_a_busy_one_is_said(devices: FakeSound) -> None:
    portaudio.check("input", 2)
    with pytest.raises(
        DeviceError, match=r"'USB Headset' cannot be opened \(Device unavailable .*close what"
    ) as caught:
        portaudio.check("input", 1)
    assert "\n" not in str(caught.value)


def test_a_device_that_is_plugged_in_later_is_found_at_the_next_try(devices: FakeSound) -> None:
    devices.listed = ({"name": "Jabra", "max_input_channels": 2, "max_output_channels": 2},)  # type: ignore[misc]
    with pytest.raises(DeviceError, match="no speaker 'Jabra'"):
        portaudio.check("output", "Jabra")
    portaudio.check("output", "Jabra")


@pytest.mark.parametrize(("platform", "command"), [("linux", "apt install libportaudio2"), ("darwin", "pip install")])
def test_without_portaudio_one_line_gives_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, command: str
) -> None:
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(NoSoundSystem, match=command) as caught:
        portaudio.list_microphones()
    assert "\n" not in str(caught.value)


def test_a_sound_system_that_does_not_start_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`import sounddevice` starts PortAudio, and may raise what nobody can name who did not import it."""
    script = "class PortAudioError(Exception): pass\nraise PortAudioError('Error initializing\\nPortAudio', -9999)"
    (tmp_path / "sounddevice.py").write_text(script)
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    for use in (portaudio.list_speakers, lambda: portaudio.check("input", "default")):
        with pytest.raises(NoSoundSystem, match="does not answer: start it") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_a_sound_system_that_stopped_is_one_line(devices: FakeSound, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise PortAudioError("PortAudio not initialized", -10000)

    monkeypatch.setattr(devices, "query_devices", stopped, raising=False)
    for use in (portaudio.list_speakers, lambda: portaudio.check("input", "default")):
        with pytest.raises(NoSoundSystem, match="does not answer: start it"):
            use()


def test_what_libraries_print_about_sound_devices_stays_off_the_terminal(
    devices: FakeSound, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    known = devices.query_devices()

    def talk() -> list[dict[str, object]]:
        os.write(2, b"ALSA lib pcm.c:2721: Unknown PCM cards.pcm.rear\n")
        return known

    monkeypatch.setattr(devices, "query_devices", talk, raising=False)
    portaudio.check("output", "default")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_two_that_are_quiet_at_once_give_standard_error_back_whoever_ends_first(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with ExitStack() as sound, ExitStack() as model:
        sound.enter_context(quiet())
        model.enter_context(quiet())
        sound.close()
        os.write(2, b"the model's greeting\n")
        model.close()
        os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_a_real_sound_system_has_a_default_microphone_and_speaker(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pulse.server(tmp_path):
        portaudio.check("input", "default")
        portaudio.check("output", "default")
        with pytest.raises(DeviceError, match="omni devices"):
            portaudio.check("output", "no such speaker")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("choice", [True, -1, "", 1.5, None])
def test_options_refuse_what_names_no_device(choice: object) -> None:
    with pytest.raises(ValidationError):
        MicrophoneOptions.model_validate({"source": choice})
    with pytest.raises(ValidationError):
        SpeakerOptions.model_validate({"sink": choice})


def test_reading_options_loads_no_sound_library() -> None:
    script = (
        "import sys, devices.microphone, devices.speaker; print({'sounddevice', 'soundfile', 'soxr'} & {*sys.modules})"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "set()\n"
