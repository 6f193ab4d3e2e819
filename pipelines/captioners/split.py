"""The one core of all split vision-language models: vision engine × connector × language engine × prompt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

from PIL import Image
from pydantic import Field

from devices.media import Frame
from pipelines.backends import BackendOptions, Exchange, Look
from pipelines.chats.prompting import unmarked
from pipelines.language.engine import Engine, Limits, Reader, stream
from pipelines.language.loading import Device, Precision, Threads
from pipelines.language.sampling import Sampling
from pipelines.language.spans import Picture, Rows, Span, Tokens
from pipelines.phrases import ENGLISH
from pipelines.types import Seen
from pipelines.wording import one_line

CAPTION = ENGLISH.caption

PICTURE = "\ue000"
"""Where the picture stands in a prompt; a letter that no text of a person holds."""

Steps = Generator[None, None, Rows]


class VisionOptions(BackendOptions):
    """What every vision-language model on this machine can be told."""

    weights: str
    """The name they were pulled by, or a path."""
    prompt: str = CAPTION
    """What is asked of each keyframe."""
    max_tokens: int = Field(default=60, ge=1, le=4000)
    """The longest caption."""
    max_answer: int = Field(default=256, ge=1, le=4000)
    """The longest answer to a question."""
    threads: Threads
    device: Device = "auto"
    precision: Precision = "auto"
    sampling: Sampling = Field(default_factory=Sampling)
    seed: int = Field(default=0, ge=0)
    """Where chance begins; the same seed draws the same answer."""
    frames: int = Field(default=4, ge=1, le=64)
    """How many encoded pictures are kept, for further questions about them."""


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


class SplitVlm:
    """A Looker out of parts. `see` encodes a picture: PIL to rows (positions × width), pausing in between."""

    def __init__(
        self, see: Callable[[Image.Image], Steps], language: Engine, prompting: Prompting, options: VisionOptions
    ) -> None:
        self._see, self._prompting, self.options = see, prompting, options
        self.reader = Reader(language)
        self._seen: OrderedDict[str, Picture] = OrderedDict()

    def caption(self, frame: Frame) -> Seen:
        """The caption at once."""
        return Seen(one_line("".join(self.describe(frame))))

    def describe(self, frame: Frame) -> Generator[str, None, None]:
        """The caption in pieces; empty ones while the picture is encoded."""
        return self.look(Look(frame, self.options.prompt, max_tokens=self.options.max_tokens))

    def look(self, request: Look) -> Generator[str, None, None]:
        """The answer in pieces; empty ones while the picture is encoded."""
        picture = yield from self._picture(request.frame)
        limits = Limits(request.max_tokens or self.options.max_answer, self.options.sampling, self.options.seed)
        yield from self._prompting.read(stream(self.reader, self._spans(picture, request), limits))

    def _picture(self, frame: Frame) -> Generator[str, None, Picture]:
        """The frame as rows: encoded once, then kept under its content."""
        key = blake2b(frame.pixels.tobytes(), digest_size=16).hexdigest() + str(frame.pixels.shape)
        if key not in self._seen:
            steps = self._see(Image.fromarray(frame.pixels))
            rows = yield from _quietly(steps)
            self._seen[key] = Picture(key, rows, self._prompting.whole)
        self._seen.move_to_end(key)
        while len(self._seen) > self.options.frames:
            self._seen.popitem(last=False)
        return self._seen[key]

    def _spans(self, picture: Picture, request: Look) -> list[Span]:
        history = [replace(one, asked=_clean(one.asked), heard=_clean(one.heard)) for one in request.history]
        text, _, rest = self._prompting.write(_clean(request.question), history).partition(PICTURE)
        before, after = self._prompting.cut(self.reader.engine, text, rest)
        spans: list[Span] = [Tokens(tuple(before)), picture, Tokens(tuple(after))]
        return [span for span in spans if len(span)]


def _clean(text: str) -> str:
    return unmarked(text).replace(PICTURE, " ")


def _quietly(steps: Steps) -> Generator[str, None, Rows]:
    """Steps as empty pieces."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            rows: Rows = done.value
            return rows
        yield ""
