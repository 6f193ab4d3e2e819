"""One contract for every registered backend: light to look at, its options frozen and closed, its needs named."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from devices.media import Frame
from pipelines import backends
from pipelines.backends import (
    REGISTRY,
    BackendError,
    BackendOptions,
    Kind,
    Prompt,
    UnknownBackend,
)

ALL = [(kind, name) for kind, known in REGISTRY.items() for name in known]


def _loaded(kind: Kind, name: str) -> Any:
    options = backends.find(kind, name)
    if lacking := backends.missing(options):
        pytest.skip(f"{name} {lacking}")
    try:
        return backends.load(options(), kind)
    except BackendError as error:
        if "omni models pull" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_options_are_frozen_and_refuse_unknown_keys(kind: Kind, name: str) -> None:
    options = backends.find(kind, name)
    with pytest.raises(ValidationError, match="extra"):
        options.model_validate({"no_such_key": 1})
    assert options.model_config["frozen"]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_what_is_loaded_keeps_the_protocol_of_its_kind(kind: Kind, name: str) -> None:
    assert isinstance(_loaded(kind, name), backends.PROTOCOLS[kind])


@pytest.mark.parametrize("name", REGISTRY["captioner"])
@pytest.mark.parametrize("shape", [(16, 16), (720, 1280), (17, 1200), (900, 31)])
def test_captioners_have_words_for_any_picture(name: str, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    seen = _loaded("captioner", name).caption(Frame(noise, 0.0, "desk"))
    assert seen.text.strip()
    assert "\n" not in seen.text


@pytest.mark.parametrize("name", REGISTRY["transcriber"])
@pytest.mark.parametrize("samples", [0, 1, 400, 16_000])
def test_transcribers_make_nothing_of_silence(name: str, samples: int) -> None:
    assert _loaded("transcriber", name).transcribe(np.zeros(samples, np.float32)).text == ""


@pytest.mark.parametrize("name", REGISTRY["voice"])
def test_voices_make_sound_of_any_text_and_none_of_nothing(name: str) -> None:
    voice = _loaded("voice", name)
    for text in ("Hello.", "3.5 €, 你好 <b>&amp;</b>", "\x1b[31m \u202e"):
        samples = voice.synthesize(text)
        assert samples.dtype == np.float32
        assert np.abs(samples).max(initial=0.0) <= 1.0
    assert len(voice.synthesize("")) == 0
    assert len(voice.synthesize("A longer sentence lasts longer.")) > len(voice.synthesize("Short."))


@pytest.mark.parametrize("name", REGISTRY["chat"])
def test_chats_answer_with_nothing_seen(name: str) -> None:
    prompt = Prompt("You are brief.", (), (), "hello", 10.0)
    assert "".join(_loaded("chat", name).reply(prompt)).strip()


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownBackend, match="espeak"):
        backends.find("voice", "siri")


class Demanding(BackendOptions):
    """Needs what is not there."""

    needs = ("no_such_package",)
    extra = "embedded"


def test_an_absent_package_is_told_with_the_install_line() -> None:
    assert importlib.util.find_spec("no_such_package") is None
    with pytest.raises(BackendError, match=r"no_such_package: pip install 'omni-assistant\[embedded\]'"):
        backends.load(Demanding(), "chat")


class Confused(BackendOptions):
    """Gives what is no chat."""

    def load(self) -> object:
        return "chat"


def test_what_is_none_of_its_kind_is_named() -> None:
    with pytest.raises(BackendError, match="a str, which lacks what a chat must have"):
        backends.load(Confused(), "chat")


def test_options_without_a_load_say_so() -> None:
    with pytest.raises(BackendError, match="does not say how it is loaded"):
        backends.load(BackendOptions(), "chat")
