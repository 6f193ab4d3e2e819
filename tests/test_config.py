"""Configurations: what is absent stays absent, and every mistake is named with its place before anything loads."""

import os
from pathlib import Path

import pytest

from assistant import config
from assistant.config import ConfigError
from assistant.places import configs
from pipelines.backends import BackendOptions

DESK = '[[camera]]\nname = "desk"\nsource = 0\n'
VOICE = DESK + '[voice]\nbackend = "espeak"\n[speaker]\n'
BROKER = '[mqtt]\nhost = "here"\n'


class Parrot(BackendOptions):
    """A user's own chat."""

    loud: bool = False


def _read(tmp_path: Path, text: str) -> config.Config:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return config.read(path)


@pytest.mark.parametrize("path", sorted(configs().glob("*.toml")), ids=lambda path: path.name)
def test_what_is_shipped_is_good(path: Path) -> None:
    if path.name != "models.toml":
        assert config.read(path).camera


def test_an_absent_section_is_an_absent_part(tmp_path: Path) -> None:
    chosen = _read(tmp_path, DESK)
    assert chosen.camera[0].name == "desk"
    assert chosen.microphone is chosen.chat is chosen.voice is None


def test_a_users_own_backend_is_found_by_module_and_class(tmp_path: Path) -> None:
    chosen = _read(tmp_path, f'[chat]\nbackend = "{__name__}:Parrot"\nloud = true\n')
    assert isinstance(chosen.chat, Parrot)
    assert chosen.chat.loud


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("[[camera]]\nmax_sides = 3\n", "camera.0.max_sides: unknown key; did you mean max_side?"),
        ("[chatt]\n", "chatt: unknown key; did you mean chat?"),
        (DESK + 'fps = "ten"\n', "camera.0.fps: input should be a valid number"),
        (DESK + "[gate]\narea = 7\n", "gate.area: input should be less than or equal to 1, not 7"),
        ('[chat]\nbackend = "gpt"\n', "chat.backend: no chat is called 'gpt'; there are auto, embedded, grounded"),
        ("[chat]\n", "chat.backend: name one"),
        ("chat = 3\n", "chat: is a section, [chat], not a value"),
        ('[chat]\nbackend = "json:dumps"\n', "is not a subclass of pipelines.backends.BackendOptions"),
        ('[chat]\nbackend = "no_such_module:Chat"\n', "cannot be imported"),
        ('[chat]\nbackend = "grounded"\nwise = 1\n', "chat.wise: unknown key"),
        (DESK + DESK, "every [[camera]] needs a name of its own"),
        ('[microphone]\nsource = "silence"\n', "a [microphone] needs a [detector] and a [transcriber]"),
        (BROKER + 'username = "a\\u0000b"\n', "mqtt.username: has characters that cannot be printed"),
        (BROKER + f'username = "{"a" * 70_000}"\n', "mqtt.username: has more than 1024 bytes"),
        (BROKER + '[mqtt.tls]\nkey = "own.pem"\n', "mqtt.tls: key is of use with its certificate only: name that"),
        (BROKER + 'base = "homeassistant/omni"\n', "neither may begin with the other, nor be the same"),
        (BROKER + 'base = "a\\u0085b"\n', "mqtt.base: is the beginning of a topic"),
        (DESK + '[speech]\nquiet = "22-7"\n', "speech.quiet: write hours as 22:00-07:00, not '22-7'"),
        (
            DESK + '[speech]\nquiet = "07:00-07:00"\n',
            "speech.quiet: no time lies between these hours: write 22:00-07:00",
        ),
        (DESK + '[narration]\nhazards = "car"\n', 'narration.hazards: should be a list, as in ["a", "b"], not'),
        (DESK + '[keys]\nsingle = "perhaps"\n', "keys.single: should be true or false, not 'perhaps'"),
        (
            VOICE + 'sink = "said.mp3"\n',
            "speaker.sink: is no device and no .wav file: name a .wav file, not 'said.mp3'",
        ),
        (VOICE + 'sink = "/"\n', "speaker.sink: is no device and no .wav file: name a .wav file, not '/'"),
        ("", "there is nothing to run"),
        ("camera = [\n", "is not TOML"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, text: str, mistake: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, text)
    (line,) = caught.value.lines
    assert mistake in line
    assert line.startswith(str(tmp_path / "mine.toml"))
    assert "\n" not in line


def test_a_password_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[[camera]]\nsource = "rtsp://cam:${CAMERA_PASSWORD}@door/1"\n'
    with pytest.raises(ConfigError, match="the environment has no CAMERA_PASSWORD"):
        _read(tmp_path, text)
    monkeypatch.setenv("CAMERA_PASSWORD", "secret")
    assert _read(tmp_path, text).camera[0].source == "rtsp://cam:secret@door/1"


@pytest.mark.parametrize(
    ("password", "mistake"),
    [(b"s" * 70_000, "OMNI_MQTT_PASSWORD has more than 1024 bytes"), (b"caf\xe9", "OMNI_MQTT_PASSWORD is not UTF-8")],
)
def test_a_password_that_no_broker_could_be_told_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: bytes, mistake: str
) -> None:
    monkeypatch.setenv("OMNI_MQTT_PASSWORD", os.fsdecode(password))
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, DESK + BROKER + 'username = "ada"\n')
    (line,) = caught.value.lines
    assert mistake in line
    assert "ssss" not in line


def test_an_address_is_not_shown_in_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, DESK + 'fps = "rtsp://cam:secret@door/1"\n')
    assert "secret" not in str(caught.value)


def test_a_users_module_is_found_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path / "elsewhere"))
    (tmp_path / "parrot_of_mine.py").write_text(
        "from pipelines.backends import BackendOptions\nclass Parrot(BackendOptions): ...\n", encoding="utf-8"
    )
    assert _read(tmp_path, '[chat]\nbackend = "parrot_of_mine:Parrot"\n').chat is not None


def test_two_mistakes_are_two_lines(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _read(tmp_path, '[[camera]]\nsauce = 0\n[chat]\nbackend = "gpt"\n')
    assert len(caught.value.lines) == 2


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        config.read(path)
    with pytest.raises(ConfigError, match="is no file"):
        config.read(tmp_path)
    with pytest.raises(ConfigError, match="No such file"):
        config.read(tmp_path / "absent.toml")
