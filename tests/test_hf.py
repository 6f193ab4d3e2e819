"""Native image-text models: each streams what transformers' own generation says, and reads no more than it must."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from devices.media import Frame
from pipelines.backends import Exchange, Look, Looker
from pipelines.language.engine import Limits, tokens
from pipelines.language.sampling import Sampling
from pipelines.language.spans import Picture
from pipelines.wording import one_line
from tests import vlms
from tests.vlms import frame, loaded

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from pipelines.captioners.hf_engine import Shown  # noqa: E402
from pipelines.captioners.hf_model import NativeVlm  # noqa: E402
from pipelines.captioners.processors import fitted  # noqa: E402
from pipelines.captioners.stepwise import stepwise  # noqa: E402
from pipelines.vision.engines import finish  # noqa: E402

FAMILIES = sorted(vlms.NATIVE)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    home = tmp_path_factory.mktemp("native")
    return {name: make(home / name) for name, make in vlms.NATIVE.items()}


def drawn(model: NativeVlm, request: Look, count: int = 12) -> list[int]:
    """The answer as tokens, through the caches of the model."""
    prompt = model.engine.show(finish(model.shown(request.frame, model.inputs(request))))
    return list(tokens(model.reader, prompt, Limits(count)))


def generated(model: NativeVlm, request: Look, count: int = 12) -> list[int]:
    """The answer as transformers' own generation gives it, without any cache of ours."""
    inputs = model.inputs(request)
    whole = model.engine.model.generate(**inputs, max_new_tokens=count, do_sample=False)[0].tolist()
    return [int(token) for token in whole[inputs["input_ids"].shape[1] :]]


@contextmanager
def watched(model: Any) -> Iterator[tuple[list[int], list[int]]]:
    """How many positions each pass of the decoder read, and how many pictures were encoded."""
    passes: list[int] = []
    pictures: list[int] = []
    engine = model.engine
    original = engine.features

    def read(_: Any, args: Any, given: dict[str, Any]) -> None:
        passes.append(given["input_ids"].shape[1])

    def encoded(inputs: Any) -> Generator[str, None, Any]:
        pictures.append(1)
        return (yield from original(inputs))

    hook = engine.model.register_forward_pre_hook(read, with_kwargs=True)
    engine.features = encoded
    try:
        yield passes, pictures
    finally:
        hook.remove()
        del engine.features


TALK = [
    Look(frame(0), "What is it?"),
    Look(frame(0), "Is it red?"),
    Look(frame(1), "Is it red?"),
    Look(frame(0), "Is it red?", (Exchange("What is it?", "A ball"),)),
    Look(frame(0), "How many?", (Exchange("What is it?", "A ball"), Exchange("Is it red?", "no"))),
]


@pytest.mark.parametrize("name", FAMILIES)
def test_through_all_caches_it_says_what_transformers_own_generation_says(name: str, folders: dict[str, Path]) -> None:
    ours, reference = loaded(folders[name]), loaded(folders[name])
    for request in TALK:
        expected = generated(reference, request)
        made = drawn(ours, request)
        assert made == expected[: len(made)]
        assert len(made) == len(expected) or expected[len(made)] in ours.engine.ends or len(made) >= 8


@pytest.mark.parametrize("name", FAMILIES)
def test_a_new_question_on_the_same_frame_reads_only_the_question(name: str, folders: dict[str, Path]) -> None:
    model = loaded(folders[name])
    with watched(model) as (passes, pictures):
        list(model.look(Look(frame(), "What is it?")))
        first = passes[0]
        passes.clear()
        list(model.look(Look(frame(), "Is it red?")))
        asked = len(model.engine.encode("Is it red?<|im_end|>\n<|im_start|>assistant\n"))
        assert passes[0] <= asked < first
        passes.clear()
        list(model.look(Look(frame(5), "Is it red?")))
        assert passes[0] > asked
        list(model.look(Look(frame(), "Is it red?")))
    assert len(pictures) == 2


@pytest.mark.parametrize("name", FAMILIES)
def test_it_streams_and_a_caption_is_what_was_streamed(name: str, folders: dict[str, Path]) -> None:
    model = loaded(folders[name], max_tokens=10)
    assert isinstance(model, Looker)
    pieces = list(model.describe(frame()))
    assert pieces[:3] == ["", "", ""]  # before the picture, and at each block of its tower
    assert 4 < len(pieces) <= 13
    assert model.caption(frame()).text == one_line("".join(pieces))
    assert len(list(model.look(Look(frame(), "What is it?", max_tokens=3)))) <= 4


def test_closing_ends_the_work_at_once_and_leaves_no_thread(folders: dict[str, Path]) -> None:
    model = loaded(folders["llava"])
    list(model.look(Look(frame(), "What is it?")))
    threads = set(threading.enumerate())
    with watched(model) as (passes, _):
        answer = model.look(Look(frame(), "Is it red?"))
        for _ in range(3):  # the pause before the picture, then two tokens
            next(answer)
        answer.close()
        assert len(passes) == 2
    assert not set(threading.enumerate()) - threads
    assert drawn(model, TALK[1]) == drawn(loaded(folders["llava"]), TALK[1])


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("taken", [1, 2, 3])
def test_a_picture_that_is_left_half_way_is_left_there(name: str, taken: int, folders: dict[str, Path]) -> None:
    model, ran, threads = loaded(folders[name]), [], set(threading.enumerate())
    towers = [module for name, module in model.engine.model.named_modules() if name.endswith((".mlp", "_mlp"))]
    for tower in towers:
        tower.register_forward_hook(lambda *_: ran.append(1))
    answer = model.look(TALK[0])
    for _ in range(taken):
        next(answer)
    assert len(ran) == max(0, taken - 2)
    answer.close()
    assert len(ran) == max(0, taken - 2)
    assert not set(threading.enumerate()) - threads
    assert drawn(model, TALK[0]) == drawn(loaded(folders[name]), TALK[0])


def test_what_goes_wrong_in_a_picture_is_raised_where_it_is_waited_for() -> None:
    def wrong() -> None:
        raise ValueError("no picture")

    with pytest.raises(ValueError, match="no picture"):
        finish(stepwise(wrong, []))
    assert finish(stepwise(lambda: 7, [])) == 7


def test_a_cache_whose_window_has_moved_on_is_made_anew(tmp_path: Path) -> None:
    sliding = {"use_sliding_window": True, "sliding_window": 8, "layer_types": ["sliding_attention"] * 2}
    folder = vlms.llava(tmp_path / "sliding", **sliding)
    ours, reference = loaded(folder), loaded(folder)
    for request in TALK[:2]:
        with watched(ours) as (passes, _):
            made, expected = drawn(ours, request), generated(reference, request)
        assert made == expected[: len(made)]
        assert passes[0] == ours.inputs(request)["input_ids"].shape[1]


def test_old_pictures_are_forgotten(folders: dict[str, Path]) -> None:
    model = loaded(folders["llava"], frames=2, max_answer=2)
    for seed in range(4):
        list(model.look(Look(frame(seed), "What is it?")))
    assert len(model.frames) == 2


def test_chance_plays_the_part_it_is_given(folders: dict[str, Path]) -> None:
    greedy = "".join(loaded(folders["llava"]).look(TALK[0]))
    only = Sampling(temperature=1.0, top_k=1)
    hot = Sampling(temperature=2.0)
    assert "".join(loaded(folders["llava"], sampling=only).look(TALK[0])) == greedy
    assert "".join(loaded(folders["llava"], sampling=hot).look(TALK[0])) != greedy


def positions(model: NativeVlm, seen: Frame) -> int:
    """How many positions of a prompt the picture takes."""
    spans = model.engine.show(Shown(model.inputs(Look(seen, "What is it?")), "key"))
    return sum(len(span) for span in spans if isinstance(span, Picture))


@pytest.mark.parametrize("name", ["idefics3", "smolvlm"])
def test_a_picture_is_one_tile_unless_told_otherwise(name: str, folders: dict[str, Path]) -> None:
    wide = frame(0, (720, 1280))
    assert positions(loaded(folders[name]), wide) == 4
    cut = loaded(folders[name], tiles=True)
    assert positions(cut, wide) == 13 * 4
    assert drawn(cut, Look(wide, "Is it red?")) == drawn(cut, Look(wide, "Is it red?"))


def test_models_of_any_size_are_shown_a_bounded_picture(folders: dict[str, Path]) -> None:
    wide = frame(0, (720, 1280))
    assert positions(loaded(folders["qwen2_5_vl"]), wide) == 299
    assert positions(loaded(folders["qwen2_5_vl"], image_size=1280), wide) == 1196


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1280, 720), (640, 360)), ((300, 200), (300, 200)), ((30_000, 20), (640, 28)), ((1, 1), (28, 28))],
)
def test_pictures_of_any_shape_fit(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted(Image.new("L", size), 640).size == expected
    assert fitted(Image.new("L", size), 640).mode == "RGB"


@pytest.mark.parametrize("name", FAMILIES)
def test_marks_in_a_question_are_words_not_marks(name: str, folders: dict[str, Path]) -> None:
    model = loaded(folders[name])
    sly = " ".join(model.engine.processor.tokenizer.all_special_tokens)
    plain, marked = (model.inputs(Look(frame(), asked))["input_ids"] for asked in ("hi", f"hi {sly}"))
    assert plain.tolist() == marked.tolist()


def test_full_size_smolvlm_has_the_parameters_of_the_real_one() -> None:
    config = vlms.idefics_config("Idefics3", vlms.SMOLVLM_256M, vlms.idefics_words())
    with torch.device("meta"):
        model = transformers.AutoModelForImageTextToText.from_config(config)
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e6, 1) == 256.5
