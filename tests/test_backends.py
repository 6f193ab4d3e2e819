"""One contract for every registered backend: light to look at, its options frozen and closed, its needs named."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Generator
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
from pydantic import ValidationError

from devices.media import Frame
from pipelines import backends
from pipelines.backends import (
    REGISTRY,
    BackendError,
    BackendOptions,
    Exchange,
    Kind,
    Look,
    Looker,
    Prompt,
    UnknownBackend,
)
from pipelines.spots import CODE, TEXT, Spot
from pipelines.wording import one_line

ALL = [(kind, name) for kind, known in REGISTRY.items() for name in known]


Load = Callable[[Kind, str], Any]

_SMALL: dict[tuple[Kind, str], Any] = {}


@pytest.fixture
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """A backend by its name: as a user has it, or from the small checkpoint that `tests/small` makes for it."""

    def load(kind: Kind, name: str) -> Any:
        options = backends.find(kind, name)
        if lacking := backends.missing(options):
            pytest.skip(f"{name} {lacking}")
        if options.speaks_itself:
            pytest.skip(f"{name} makes no sound that could be looked at")
        if (kind, name) not in _SMALL:
            given = small_options(kind, name, tmp_path_factory)
            try:
                _SMALL[kind, name] = backends.load(options(**given), kind)
            except BackendError as error:
                if "omni models pull" in str(error):
                    pytest.skip(str(error))
                raise
        return _SMALL[kind, name]

    return load


def small_options(kind: Kind, name: str, folders: pytest.TempPathFactory) -> dict[str, Any]:
    """What `make(folder)` of `tests/small/KIND_NAME.py` gives: the options that name a checkpoint it made there."""
    module = f"tests.small.{kind}_{name.replace('-', '_')}"
    if importlib.util.find_spec(module) is None:
        return {}
    made: dict[str, Any] = importlib.import_module(module).make(folders.mktemp(name))
    return made


def is_small(kind: Kind, name: str) -> bool:
    """Whether its weights are random here: then what it says means nothing, and may be nothing."""
    return importlib.util.find_spec(f"tests.small.{kind}_{name.replace('-', '_')}") is not None


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_options_are_frozen_and_refuse_unknown_keys(kind: Kind, name: str) -> None:
    options = backends.find(kind, name)
    with pytest.raises(ValidationError, match="extra"):
        options.model_validate({"no_such_key": 1})
    assert options.model_config["frozen"]


@pytest.mark.parametrize(("kind", "name"), ALL)
def test_each_is_loaded_as_one_of_its_kind(kind: Kind, name: str, loaded: Load) -> None:
    loaded(kind, name)  # raises where it lacks what its kind must have


@pytest.mark.parametrize("name", REGISTRY["captioner"])
@pytest.mark.parametrize("shape", [(16, 16), (720, 1280), (17, 1200), (900, 31)])
def test_captioners_have_words_for_any_picture(name: str, shape: tuple[int, int], loaded: Load) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    model, frame = loaded("captioner", name), Frame(noise, 0.0, "desk")
    seen = model.caption(frame)
    if is_small("captioner", name):
        assert seen.text == one_line("".join(model.describe(frame)))
    else:
        assert seen.text.strip()
    assert "\n" not in seen.text


SPOTTING: list[tuple[Kind, str]] = [("spotter", name) for name in REGISTRY["spotter"]]
SPOTTING += [("reader", name) for name in REGISTRY["reader"]]


@pytest.mark.parametrize(("kind", "name"), SPOTTING)
@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (720, 1280), (17, 1200), (900, 31)])
def test_what_is_found_lies_in_the_picture(kind: Kind, name: str, shape: tuple[int, int], loaded: Load) -> None:
    model, noise = loaded(kind, name), np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    find, allowed = (model.spot, set(model.labels)) if kind == "spotter" else (model.read, {TEXT, CODE})
    for pixels in (noise, np.zeros_like(noise)):
        before = pixels.copy()
        found = find(Frame(pixels, 0.0, "desk"))
        assert (pixels == before).all()
        for spot in found:
            assert isinstance(spot, Spot)
            assert spot.label in allowed
            assert bool(spot.text) == (kind == "reader")
            assert 0 <= spot.box.left <= spot.box.right <= 1
            assert 0 <= spot.box.top <= spot.box.bottom <= 1
            assert 0 < spot.score <= 1


@pytest.mark.parametrize("name", REGISTRY["transcriber"])
@pytest.mark.parametrize("samples", [0, 1, 400, 16_000])
def test_transcribers_make_nothing_of_silence(name: str, samples: int, loaded: Load) -> None:
    assert loaded("transcriber", name).transcribe(np.zeros(samples, np.float32)).text == ""


@pytest.mark.parametrize("name", REGISTRY["voice"])
def test_voices_make_sound_of_any_text_and_none_of_nothing(name: str, loaded: Load) -> None:
    voice = loaded("voice", name)
    for text in ("Hello.", "3.5 €, 你好 <b>&amp;</b>", "\x1b[31m \u202e"):
        samples = voice.synthesize(text)
        assert samples.dtype == np.float32
        assert np.abs(samples).max(initial=0.0) <= 1.0
    assert len(voice.synthesize("")) == 0
    assert len(voice.synthesize("A longer sentence lasts longer.")) > len(voice.synthesize("Short."))


@pytest.mark.parametrize("name", REGISTRY["chat"])
def test_chats_answer_with_nothing_seen(name: str, loaded: Load) -> None:
    chat, prompt = loaded("chat", name), Prompt("You are brief.", (), (), "hello", 10.0)
    pieces = list(chat.reply(prompt))
    if is_small("chat", name):
        assert pieces
        assert list(chat.reply(prompt)) == pieces
    else:
        assert "".join(pieces).strip()


LOOKERS = [name for name in REGISTRY["captioner"] if name not in ("embedded", "auto")]
LOCAL = [name for name in LOOKERS if name not in ("mqtt", "nexa-ws", "openai")]


def picture(seed: int) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 255, (90, 120, 3), np.uint8), 0.0, "desk")


@pytest.mark.parametrize("name", LOOKERS)
def test_vision_language_models_stream_answer_and_can_be_closed(name: str, loaded: Load) -> None:
    model = loaded("captioner", name)
    assert isinstance(model, Looker)
    first = "".join(model.look(Look(picture(1), "What is it?", max_tokens=6)))
    assert "".join(model.look(Look(picture(1), "What is it?", max_tokens=6))) == first
    closed = model.look(Look(picture(1), "And now?", (Exchange("What is it?", "A ball."),), max_tokens=6))
    assert isinstance(closed, Generator)
    assert isinstance(next(closed), str)
    closed.close()
    assert list(closed) == []
    assert "".join(model.look(Look(picture(1), "What is it?", max_tokens=6))) == first
    assert list(model.describe(picture(1)))


@pytest.mark.parametrize("name", LOCAL)
def test_a_frame_is_encoded_once_and_another_anew(name: str, loaded: Load) -> None:
    model = loaded("captioner", name)
    for frame in (picture(2), picture(3)):
        new, again = (list(model.look(Look(frame, "What is it?", max_tokens=4))) for _ in range(2))
        assert "".join(again) == "".join(new)
        assert len(again) < len(new)  # while a picture is encoded, there are pieces without words


@pytest.mark.parametrize("name", LOCAL)
def test_an_answer_is_no_longer_than_it_may_be(name: str, loaded: Load) -> None:
    model = loaded("captioner", name)
    told = [list(model.look(Look(picture(4), "What is it?", max_tokens=longest))) for longest in (1, 1, 5)]
    assert sum(map(bool, told[1])) <= 1
    assert sum(map(bool, told[2])) <= 5
    assert "".join(told[2]).startswith("".join(told[1]))


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


@pytest.mark.parametrize(
    ("error", "named", "alone"),
    [
        (ValueError("no such\nfile"), "ValueError: no such", "no such"),
        (RuntimeError("\n  it broke:\nhere"), "RuntimeError: it broke", "it broke"),
        (KeyError(), "KeyError", "KeyError"),
        (OSError(" \n"), "OSError", "OSError"),
    ],
)
def test_an_error_of_foreign_code_is_told_in_its_first_line(error: Exception, named: str, alone: str) -> None:
    assert backends.first_line(error) == named
    assert backends.first_line(error, named=False) == alone


def test_a_package_that_another_thread_imports_just_now_is_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Half(BackendOptions):
        needs: ClassVar[tuple[str, ...]] = ("half_imported",)

    module = ModuleType("half_imported")
    module.__spec__ = None
    monkeypatch.setitem(sys.modules, "half_imported", module)
    assert backends.missing(Half) == ""
