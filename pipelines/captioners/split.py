"""The one core of all split vision-language models: vision engine × connector × language engine × prompt."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from PIL import Image

from devices.media import Frame
from pipelines.backends import Exchange, Look
from pipelines.captioners.describing import Describing
from pipelines.captioners.kept import Kept, content_of
from pipelines.captioners.options import LookerOptions
from pipelines.chats.prompting import unmarked
from pipelines.language.engine import Engine, Reader, stream
from pipelines.language.spans import Picture, Span, Tokens
from pipelines.local import TorchOptions
from pipelines.vision.choice import Wanted
from pipelines.vision.engines import Steps, quietly

PICTURE = "\ue000"
"""Where the picture stands in a prompt; a letter that no text of a person holds."""


class VisionOptions(TorchOptions, LookerOptions):
    """What every vision-language model on torch can be told."""


class SplitOptions(VisionOptions):
    """What a model can be told whose tower is this project's own."""

    vision: Wanted = "auto"
    """What runs the tower: `torch`, `int8` (torch in 8 bits), `onnx`, `openvino`; auto: see `vision_engine`."""


Cut = tuple[Sequence[int], Sequence[int]]
"""The tokens before the picture, and those after it."""


def apart(engine: Engine, before: str, after: str) -> Cut:
    """What stands before the picture and what stands after it, each cut into tokens by itself."""
    return engine.encode(before), engine.encode(after)


@dataclass(frozen=True, slots=True)
class Prompting:
    """How a family puts history and question into words; `PICTURE` stands for the picture."""

    write: Callable[[str, Sequence[Exchange]], str]
    """From question and history to the whole prompt, up to where the answer begins."""
    whole: bool = False
    """Whether the rows of the picture attend to each other in both directions."""
    read: Callable[[Iterator[str]], Iterator[str]] = iter
    """From the pieces of one answer to what a person is shown of them: a piece, perhaps empty, for each that came."""
    cut: Callable[[Engine, str, str], Cut] = apart
    """From the text on both sides of the picture to tokens."""


class SplitVlm(Describing):
    """A Looker out of parts. `see` encodes a picture: PIL to rows (positions × width), pausing in between."""

    def __init__(
        self,
        see: Callable[[Image.Image], Steps],
        language: Engine,
        prompting: Prompting,
        options: LookerOptions,
        notice: str = "",
    ) -> None:
        """`notice`: what a person is told of it at the start."""
        self.see, self._prompting, self.stand_in = see, prompting, notice
        self.options: LookerOptions = options
        self.reader = Reader(language)
        self.frames: Kept[Picture] = Kept(options.frames)

    def look(self, request: Look) -> Generator[str, None, None]:
        """The answer in pieces; empty ones while the picture is encoded."""
        picture = yield from self.picture(request.frame)
        prompt = self.spans(self.written(request), picture)
        yield from self._prompting.read(stream(self.reader, prompt, self.options.limits(request)))

    def picture(self, frame: Frame) -> Generator[str, None, Picture]:
        """The frame as rows, with empty pieces meanwhile: encoded once, then kept under its content."""
        key = content_of(frame)
        return (yield from self.frames.recall(key, lambda: self._encoded(key, frame)))

    def written(self, request: Look) -> str:
        """The whole prompt, up to where the answer begins; `PICTURE` stands for the picture."""
        history = [replace(one, asked=clean(one.asked), heard=clean(one.heard)) for one in request.history]
        return self._prompting.write(clean(request.question), history)

    def spans(self, prompt: str, picture: Picture | None) -> list[Span]:
        """A whole prompt as the language model reads it, with the picture, if there is one, in its place."""
        text, _, rest = prompt.partition(PICTURE)
        before, after = self._prompting.cut(self.reader.engine, text, rest)
        return [span for span in (Tokens(tuple(before)), picture, Tokens(tuple(after))) if span]

    def _encoded(self, key: str, frame: Frame) -> Generator[str, None, Picture]:
        rows = yield from quietly(self.see(Image.fromarray(frame.pixels)))
        return Picture(key, rows, self._prompting.whole)


def clean(text: str) -> str:
    """What a person said, without the marks of any model and without the picture's."""
    return unmarked(text).replace(PICTURE, " ")
