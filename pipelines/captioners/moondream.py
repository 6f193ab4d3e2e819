"""moondream2 of 2024 and 2025: its options, and a model with the methods of both releases."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from pipelines import backends
from pipelines.backends import BackendError
from pipelines.captioners import given, published
from pipelines.captioners import moondream_prompts as prompting
from pipelines.captioners.moondream_prompts import Length, Task
from pipelines.captioners.split import SplitOptions, clean
from pipelines.language.engine import Limits
from pipelines.language.sampling import Sampling
from pipelines.language.spans import Picture

if TYPE_CHECKING:
    from PIL import Image

    from pipelines.captioners.moondream_model import MoondreamVlm


class MoondreamOptions(SplitOptions):
    """The weights are a folder of the revision 2024-04-02 or 2025-06-21, with safetensors and tokenizer.json.

    That of 2025 is published with the tokenizer of its forerunner: the one it needs, `starmie-v1`, stands in a folder
    of that name beside the weights. All of it was checked on random weights, against computations of their own; the
    released weights were not at hand.
    """

    weights: str = "moondream2"
    crops: bool = False
    """Of 2025: look at the parts of a large picture as well. It sees more, and works up to thirteen times as long."""

    @property
    def caption_prompt(self) -> str:
        """Empty where none was set: that asks for the model's own short caption."""
        return self.prompt

    def load(self) -> MoondreamVlm:
        """Load the model, blocking for seconds. Raises BackendError."""
        from pipelines.captioners import moondream_model

        return moondream_model.load(self)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImage:
    """A picture that was looked at once, for any number of questions."""

    picture: Picture


Sight: TypeAlias = "Image.Image | EncodedImage"
Settings = Mapping[str, Any]
"""`max_tokens`, `temperature`, `top_p`; for places, `max_objects`."""


class Moondream:
    """The methods of both releases, on weights of either. One thread uses it.

    Unless told otherwise it looks at large pictures in parts, and gives the likeliest answer instead of drawing one.
    It reads one text at a time: a stream that is not at its end is over when another method is called.
    """

    def __init__(self, weights: str, **options: Any) -> None:
        """Load, blocking for seconds. `weights`: a published name, the name they were pulled by, or a path.

        `options` are those of `MoondreamOptions`, or what `from_pretrained` is told: `revision` chooses the release.
        Raises BackendError.
        """
        told = published.options(MoondreamOptions, weights, {"crops": True, "max_answer": 512, **options})
        self.model: MoondreamVlm = backends.load(told, "captioner")
        self._saying: Generator[str, None, None] | None = None

    @classmethod
    def from_pretrained(cls, weights: str, **options: Any) -> Moondream:
        """The same, by the name that snippets use: `("vikhyatk/moondream2", revision="2024-04-02")`."""
        return cls(weights, **options)

    @property
    def tokenizer(self) -> Any:
        """The model's tokenizer; methods that take one use their own."""
        return self.model.language.tokenizer

    def encode_image(self, image: Sight) -> EncodedImage:
        """Look at a picture. What comes back takes the place of a picture in all other methods."""
        if isinstance(image, EncodedImage):
            return image
        if not hasattr(image, "convert"):
            raise BackendError(f"a picture is a PIL image or what encode_image gave, not a {type(image).__name__}")
        return EncodedImage(self.model.encode(given.picture(image)))

    def answer_question(
        self,
        image: Sight,
        question: str,
        tokenizer: Any = None,
        chat_history: str = "",
        result_queue: Any = None,
        **generation: Any,
    ) -> str:
        """The answer to a question (2024). `chat_history`: as `"Question: …\n\nAnswer: …\n\n"` for each one before.

        `generation`: `max_new_tokens`, `temperature`, `top_p`, `top_k`, `repetition_penalty`, `do_sample`, and a
        `streamer` of transformers. The answer is also put into the `result_queue`, if there is one.
        """
        streamer = generation.pop("streamer", None)
        prompt = self.model.prompts.ask(_asked(question), prompting.exchanges(chat_history))
        said = []
        for piece in self._pieces(prompt, image, self._limits(_settings(generation))):
            said.append(piece)
            if streamer is not None:
                streamer.on_finalized_text(piece)
        if streamer is not None:
            streamer.on_finalized_text("", stream_end=True)
        answer = "".join(said).strip()
        if result_queue is not None:
            result_queue.put(answer)
        return answer

    def batch_answer(
        self,
        images: Sequence[Sight],
        prompts: Sequence[str],
        tokenizer: Any = None,
        **generation: Any,
    ) -> list[str]:
        """The answers to one question for each picture (2024), one after another."""
        if len(images) != len(prompts):
            raise BackendError(f"{len(images)} pictures and {len(prompts)} questions: there must be as many of each")
        return [self.answer_question(*pair, **generation) for pair in zip(images, prompts, strict=True)]

    def caption(
        self,
        image: Sight,
        length: Length = "normal",
        stream: bool = False,
        settings: Settings | None = None,
    ) -> dict[str, str | Iterator[str]]:
        """`{"caption": …}`: what is to be seen (2025); with `stream`, an iterator of its pieces."""
        if length not in self.model.prompts.captions:
            raise BackendError(f"a caption is short, normal or long, not {length!r}")
        pieces = self._pieces(self.model.prompts.captions[length], image, self._limits(settings or {}))
        return {"caption": pieces if stream else "".join(pieces)}

    def query(
        self,
        image: Sight | None = None,
        question: str = "",
        stream: bool = False,
        settings: Settings | None = None,
    ) -> dict[str, str | Iterator[str]]:
        """`{"answer": …}` to a question about a picture, or about none (2025); with `stream`, an iterator."""
        asked = _asked(question)
        if not asked.strip():
            raise BackendError("query wants a question")
        prompt = self.model.prompts.blind(asked) if image is None else self.model.prompts.ask(asked, ())
        pieces = self._pieces(prompt, image, self._limits(settings or {}))
        return {"answer": pieces if stream else "".join(pieces)}

    def detect(self, image: Sight, object: str, settings: Settings | None = None) -> dict[str, list[dict[str, float]]]:
        """`{"objects": [{"x_min", "y_min", "x_max", "y_max"}]}` of a kind (2025): parts of width and height, 0 to 1."""
        return {"objects": self._places("detect", object, image, settings or {})}

    def point(self, image: Sight, object: str, settings: Settings | None = None) -> dict[str, list[dict[str, float]]]:
        """`{"points": [{"x", "y"}]}` of a kind (2025): parts of width and height, 0 to 1."""
        return {"points": self._places("point", object, image, settings or {})}

    def _places(self, task: Task, words: str, image: Sight, settings: Settings) -> list[dict[str, float]]:
        self._hush()
        most = _most(settings)
        return self.model.find(task, _asked(words), self.encode_image(image).picture, most)

    def _pieces(self, prompt: str, image: Sight | None, limits: Limits) -> Iterator[str]:
        """The answer in pieces, none of them empty."""
        self._hush()
        picture = None if image is None else self.encode_image(image).picture
        self._saying = (piece for piece in self.model.answer(prompt, picture, limits) if piece)
        return self._saying

    def _hush(self) -> None:
        """End a stream that was left: what is read next is no continuation of it."""
        if self._saying is not None:
            self._saying.close()

    def _limits(self, settings: Settings) -> Limits:
        """How long an answer may be, and how it is drawn. Raises BackendError for what is not known."""
        options, told = self.model.options, dict(settings)
        longest = told.pop("max_tokens", options.max_answer)
        if unknown := sorted(told.keys() - Sampling.model_fields.keys()):
            raise BackendError(f"these settings are not known: {', '.join(unknown)}")
        sampling = given.drawn({**options.sampling.model_dump(), **told})
        return Limits(given.whole("max_tokens", longest, given.MOST_TOKENS), sampling, options.seed)


def _settings(generation: Mapping[str, Any]) -> Settings:
    """What transformers' `generate` is told, as settings."""
    told = dict(generation)
    if "max_new_tokens" in told:
        told["max_tokens"] = told.pop("max_new_tokens")
    drawn = told.pop("do_sample", None)
    if drawn is not None:
        told["temperature"] = told.get("temperature", 1.0) if drawn else 0.0
    return told


def _asked(words: str) -> str:
    """What a person said, without marks of the model. Raises BackendError for what is no text."""
    if not isinstance(words, str):
        raise BackendError(f"a question and the name of an object are text, not {type(words).__name__}")
    return clean(words)


def _most(settings: Settings) -> int:
    """How many objects are looked for, at most."""
    if unknown := sorted(settings.keys() - {"max_objects"}):
        raise BackendError(f"these settings are not known: {', '.join(unknown)}")
    return given.whole("max_objects", settings.get("max_objects", 50), given.MOST_TOKENS)
