"""Florence-2, which knows tasks and no questions: caption, more detail, objects, text; its places become words."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from PIL import Image

from devices.media import Frame
from pipelines.backends import BackendError, Look
from pipelines.captioners.describing import Describing
from pipelines.captioners.hf_engine import NativeEngine, Shown
from pipelines.captioners.kept import content_of
from pipelines.captioners.processors import fitted
from pipelines.language.engine import Reader, stream, tokens
from pipelines.wording import listed, one_line

if TYPE_CHECKING:
    from pipelines.captioners.hf import Hf

WORDS_FOR = {
    "<OCR>": re.compile(r"\b(read|text|written|writing|say|letters|words|sign)\b|文字|写", re.IGNORECASE),
    "<OD>": re.compile(r"\b(objects|things|count|how many|detect|locate|where)\b|多少|几个|哪里", re.IGNORECASE),
    "<MORE_DETAILED_CAPTION>": re.compile(r"\b(detail|everything|paragraph)|详细", re.IGNORECASE),
}
"""Words of a question that mean a task."""

CANNOT = "I can describe, not answer: "
"""Said before what is seen, where a question means no task."""


class Florence(Describing):
    """Florence-2 as a Looker. It cannot be asked: a question is answered by the task that is nearest to it.

    That is the task it names, else one its words mean (`WORDS_FOR`), else that of the options, and then it says so.
    What was asked before plays no part. Every picture is encoded anew.
    """

    def __init__(self, engine: NativeEngine, options: Hf) -> None:
        self.engine = engine
        self.options: Hf = options
        self.reader = Reader(engine)
        self._plain: dict[str, str] = engine.processor.task_prompts_without_inputs
        if unheeded := options.changed("prompt", "frames", "tiles"):
            raise BackendError(
                f"Florence-2 knows tasks only, it cannot heed {unheeded[0]}: leave it out and set `task`"
            )
        if options.task not in self._plain:
            raise BackendError(f"there is no task {options.task!r}: choose one of {', '.join(sorted(self._plain))}")

    @property
    def prompt(self) -> str:
        """The task that a keyframe is described by."""
        return self.options.task

    def look(self, request: Look) -> Generator[str, None, None]:
        """What the task nearest to the question finds, in pieces; empty ones first. A list comes as one piece."""
        # What is to be told in a form is described, as every keyframe is.
        meant = self.options.task if request.schema else self.task_for(request.question)
        yield "" if meant else CANNOT
        task = meant or self.options.task
        prompt = self.engine.show(self.shown(task, request.frame))
        limits = self.options.limits(request)
        if self.engine.processor.tasks_answer_post_processing_type.get(task, "pure_text") == "pure_text":
            yield from stream(self.reader, prompt, limits)
        else:
            yield from self.found(task, tokens(self.reader, prompt, limits), request.frame)

    def task_for(self, question: str) -> str | None:
        """The task that answers a question, as it stands in a prompt; None where there is none."""
        if question.strip().upper() in self._plain:
            return question.strip().upper()
        meant = (task for task, words in WORDS_FOR.items() if words.search(question) and task in self._plain)
        return next(meant, None)

    def shown(self, task: str, frame: Frame) -> Shown:
        """A task with its picture, as the model is given them."""
        image = fitted(Image.fromarray(frame.pixels), self.options.image_size)
        made = self.engine.processor(text=task, images=image, return_tensors="pt")
        return Shown(dict(made.to(self.engine.model.device, dtype=self.engine.model.dtype)), content_of(frame))

    def found(self, task: str, drawn: Iterator[int], frame: Frame) -> Generator[str, None, None]:
        """A list with places as words: an empty piece per token, then all of it."""
        made: list[int] = []
        for token in drawn:
            made.append(token)
            yield ""
        size = (frame.pixels.shape[1], frame.pixels.shape[0])
        written = self.engine.processor.tokenizer.decode(made, skip_special_tokens=False)
        answer = self.engine.processor.post_process_generation(text=written, task=task, image_size=size)
        yield listed([_placed(label, box, size) for label, box in _pairs(answer[task])])


def _pairs(answer: dict[str, Any]) -> Iterator[tuple[str, list[float]]]:
    """Labels with the box of each: x and y by turns, in pixels, of its corners."""
    return zip(answer["labels"], answer.get("bboxes") or answer.get("quad_boxes") or [], strict=False)


def _placed(label: str, box: list[float], size: tuple[int, int]) -> str:
    """A label and where its middle is: `a cup on the left`."""
    middle = sum(box[0::2]) / len(box[0::2]) / size[0]
    side = "on the left" if middle < 1 / 3 else "on the right" if middle > 2 / 3 else "in the middle"
    return f"{one_line(label) or 'something'} {side}"
