"""moondream2 as it is used: the methods of both its releases, on weights of either, and what each is asked."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import takewhile
from queue import Queue
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devices.media import Frame
from pipelines.backends import BackendError, Exchange, Look
from pipelines.captioners import moondream_prompts as prompting
from pipelines.captioners.moondream import EncodedImage, Moondream, MoondreamOptions
from pipelines.language.spans import Picture
from tests.moon_fixtures import loaded, options
from tests.small import captioner_moondream as small

__all__ = ["loaded", "options"]

pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture(params=small.REVISIONS)
def model(request: pytest.FixtureRequest, loaded: dict[str, Moondream]) -> Moondream:
    return loaded[request.param]


@pytest.fixture
def new(loaded: dict[str, Moondream]) -> Moondream:
    return loaded["2025"]


def broken() -> Image.Image:
    """A picture, opened, whose file ends too soon: that shows when it is decoded."""
    whole = BytesIO()
    picture().save(whole, "PNG")
    return Image.open(BytesIO(whole.getvalue()[:-500]))


def picture(seed: int = 0, width: int = 200, height: int = 150) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))


# Of both releases


def test_the_snippet_of_2024_reads_as_it_did(options: dict[str, dict[str, Any]]) -> None:
    told = options["2024"]
    model = Moondream.from_pretrained(told["weights"], threads=1)
    tokenizer = model.tokenizer

    image = picture()
    enc_image = model.encode_image(image)
    answer = model.answer_question(enc_image, "Describe this image.", tokenizer)
    assert isinstance(answer, str)
    assert answer


def test_a_stream_says_what_the_whole_says(model: Moondream) -> None:
    image = model.encode_image(picture())
    for length in ("short", "normal", "long"):
        pieces = list(model.caption(image, length, stream=True)["caption"])
        assert len(pieces) > 1
        assert "".join(pieces) == model.caption(image, length)["caption"]
    assert "".join(model.query(image, "Red?", stream=True)["answer"]) == model.query(image, "Red?")["answer"]
    assert model.query(question="What is red?")["answer"]


def test_a_batch_is_answered_as_one_by_one(model: Moondream) -> None:
    images, questions = [picture(1), model.encode_image(picture(2))], ["Is it red?", "What is it?"]
    single = [model.answer_question(*pair) for pair in zip(images, questions, strict=True)]
    assert model.batch_answer(images, questions) == single
    assert len(set(single)) == 2


def test_an_answer_goes_to_the_queue_and_to_a_streamer_of_transformers(model: Moondream) -> None:
    import transformers

    queue: Queue[str] = Queue()
    streamer = transformers.TextIteratorStreamer(model.tokenizer)
    answer = model.answer_question(
        picture(), "What?", model.tokenizer, result_queue=queue, streamer=streamer, max_new_tokens=5, do_sample=False
    )
    assert queue.get_nowait() == answer == "".join(streamer).strip()


def test_a_chat_history_is_the_history(model: Moondream) -> None:
    told = (Exchange("What is it?", "A ball."), Exchange("Where?", "Left."))
    history = prompting.said(told)
    assert history == "Question: What is it?\n\nAnswer: A ball.\n\nQuestion: Where?\n\nAnswer: Left.\n\n"
    assert prompting.exchanges(history) == told
    image = model.encode_image(picture())
    assert model.answer_question(image, "Is it?", chat_history=history) != model.answer_question(image, "Is it?")


def test_a_second_question_reads_neither_picture_nor_pixels_again(model: Moondream) -> None:
    """And it says what a model says that has read nothing before."""
    inner = model.model
    image = model.encode_image(picture(3))
    model.query(image, "What is it?")
    read: list[int] = []
    original = inner.language.read
    try:
        inner.language.read = lambda spans: read.append(sum(map(len, spans))) or original(spans)  # type: ignore[method-assign]
        second = model.query(image, "Is it red?")["answer"]
    finally:
        del inner.language.read  # type: ignore[method-assign]
    assert read[0] < small.Size(0).grid ** 2
    inner.language.keep(0)
    inner.reader.positions.clear()
    assert model.query(image, "Is it red?")["answer"] == second


def test_what_a_live_frame_is_asked_is_what_the_methods_ask(options: dict[str, dict[str, Any]]) -> None:
    for revision in small.REVISIONS:
        vlm = MoondreamOptions(**options[revision]).load()
        same = Moondream(**options[revision], crops=False)
        frame = Frame(np.asarray(picture(4)), 0.0, "desk")
        assert "".join(vlm.describe(frame)) == same.caption(picture(4), "short")["caption"]
        assert "".join(vlm.look(Look(frame, "What?"))) == same.query(picture(4), "What?")["answer"]


def test_a_live_frame_is_looked_at_as_a_whole_only(options: dict[str, dict[str, Any]]) -> None:
    frame = Frame(np.asarray(picture(9)), 0.0, "desk")

    def pauses(**told: Any) -> int:
        pieces = MoondreamOptions(**options["2025"], **told).load().describe(frame)
        return sum(1 for _ in takewhile(lambda piece: not piece, pieces))

    assert pauses() < 10 < 26 <= pauses(crops=True)


# Words


def test_the_prompt_of_2024_is_its_text(loaded: dict[str, Moondream]) -> None:
    ask = prompting.of_2024().ask
    assert ask("What?", ()) == f"<|endoftext|>{prompting.PICTURE}\n\nQuestion: What?\n\nAnswer:"
    assert ask("Now?", (Exchange("What?", "A ball."),)) == (
        f"<|endoftext|>{prompting.PICTURE}\n\nQuestion: What?\n\nAnswer: A ball.\n\nQuestion: Now?\n\nAnswer:"
    )
    old = loaded["2024"]
    before, _, after = ask("What?", ()).partition(prompting.PICTURE)
    begin = old.tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert prompting.cut(old.model.language, before, after)[0] == [begin]
    assert begin == small.MARKS.index("<|md_reserved_2|>")  # that is: not 0, where 2025 has it


def test_the_templates_of_2025_are_tokens(new: Moondream) -> None:
    asked = prompting.of_2025(prompting.TEMPLATES)
    encode = new.model.language.encode

    def ids(prompt: str) -> list[int]:
        before, _, after = prompt.partition(prompting.PICTURE)
        return [*prompting.cut(new.model.language, before, after)[1]]

    assert ids(asked.ask("is it red", ())) == [1, 15381, 2, *encode("is it red"), 3]
    assert [ids(asked.captions[length]) for length in ("short", "normal", "long")] == [
        [1, 32708, 2, 12492, 3], [1, 32708, 2, 6382, 3], [1, 32708, 2, 4059, 3]
    ]  # fmt: skip
    assert ids(asked.regions["detect"]("ball")) == [1, 7235, 476, 2, *encode(" ball"), 3]
    assert ids(asked.regions["point"]("ball")) == [1, 2581, 2, *encode(" ball"), 3]
    assert ids(asked.ask("now", (Exchange("a", "b"),)))[:4] == [1, 15381, 2, *encode("a")]


def test_no_word_of_a_person_is_a_token_by_number(new: Moondream) -> None:
    asked = prompting.of_2025(prompting.TEMPLATES).ask("red\ue0010\ue002 ball", ())
    assert 0 not in prompting.cut(new.model.language, "", asked.partition(prompting.PICTURE)[2])[1]


# What goes wrong


def test_the_release_of_2024_cannot_tell_places(loaded: dict[str, Moondream]) -> None:
    for method in ("detect", "point"):
        with pytest.raises(BackendError, match=f"{method} needs the region heads of moondream2 of 2025"):
            getattr(loaded["2024"], method)(picture(), "ball")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda model: model.encode_image("photo.jpg"),
            "a picture is a PIL image or what encode_image gave, not a str",
        ),
        (lambda model: model.caption(picture(), "tiny"), "short, normal or long, not 'tiny'"),
        (lambda model: model.query(picture(), " "), "wants a question"),
        (lambda model: model.query(picture(), "What?", settings={"warmth": 1}), "not known: warmth"),
        (lambda model: model.point(picture(), "ball", settings={"count": 1}), "not known: count"),
        (lambda model: model.point(picture(), "ball", settings={"max_objects": 0}), "1 or more"),
        (lambda model: model.answer_question(picture(), "What?", chat_history="we spoke"), "chat_history has the form"),
        (lambda model: model.batch_answer([picture()], []), "1 pictures and 0 questions"),
    ],
)
def test_bad_calls_are_one_line(call: Callable[[Moondream], Any], said: str, new: Moondream) -> None:
    with pytest.raises(BackendError, match=said) as told:
        call(new)
    assert "\n" not in str(told.value)


def test_an_encoded_image_passes_for_a_picture(new: Moondream) -> None:
    seen = new.encode_image(picture())
    assert isinstance(seen, EncodedImage)
    assert new.encode_image(seen) is seen
    assert isinstance(seen.picture, Picture)
    assert new.caption(seen) == new.caption(picture())


def test_a_stream_that_was_left_is_over(new: Moondream) -> None:
    """The next text is read as if it had not been; the one that was left is not continued on top of it."""
    image = new.encode_image(picture(5))
    left = new.caption(image, "long", stream=True)["caption"]
    next(left)
    answer = new.query(image, "What is it?")["answer"]
    assert list(left) == []
    assert new.query(image, "What is it?")["answer"] == answer
