"""Ovis1.6-Gemma2-9B: a captioner, and a facade with the method names of its own release."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field

from pipelines import backends, weights
from pipelines.backends import BackendError, Exchange
from pipelines.captioners import given, published
from pipelines.captioners.split import PICTURE, Prompting, SplitOptions, SplitVlm

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from pipelines.captioners.ovis_model import OvisModel

MOST_PARTS = 64
"""That a picture is cut into, at most, whatever a caller asks for; the release's own bound is 9."""


class OvisOptions(SplitOptions):
    """The weights are a folder with `config.json`, safetensors and the tokenizer, as they are published."""

    bilingual: ClassVar[bool] = True

    weights: str = "ovis16-gemma2-9b"
    partitions: int = Field(default=1, ge=1, le=16)
    """Parts that a picture is cut into, at most. Each costs as much as a whole picture; the release's own is 9."""

    def load(self) -> OvisVlm:
        """Load the model, blocking. Raises BackendError."""
        from pipelines.captioners import ovis_model

        return OvisVlm(ovis_model.load(weights.find(self.weights), self), self)


class OvisVlm(SplitVlm):
    """A Looker that gives its parts away, for the facade."""

    def __init__(self, model: OvisModel, options: OvisOptions) -> None:
        super().__init__(model.see, model.language, Prompting(write), options, model.vision.notice)
        self.model = model


def write(question: str, history: Sequence[Exchange]) -> str:
    """Gemma's turns; the picture stands at the head of the first one."""
    asked, heard = [*(one.asked for one in history), question], [one.heard for one in history]
    said = [f"{PICTURE}\n{asked[0]}", *asked[1:]]
    turns = [f"<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n" for text in said]
    answered = [f"{turn}{answer}<end_of_turn>\n" for turn, answer in zip(turns, heard, strict=False)]
    return "".join(["<bos>", *answered, turns[-1]])


class Ovis:
    """The interface of the release, on this project's own model: no code of a model repository is run.

    `input_ids` holds negative placeholders where the parts of a picture stand.
    """

    def __init__(self, name: str, **options: Any) -> None:
        """Load, blocking. `name`: a published name, the name the weights were pulled by, or a path.

        `options` are those of `OvisOptions`, or what `from_pretrained` is told. Raises BackendError.
        """
        loaded: OvisVlm = backends.load(published.options(OvisOptions, name, options), "captioner")
        self.model = loaded.model

    @classmethod
    def from_pretrained(cls, name: str, multimodal_max_length: int = 8192, **options: Any) -> Self:
        """The same, as in the release; `multimodal_max_length`: tokens of picture, question and answer at most."""
        most = given.whole("multimodal_max_length", multimodal_max_length, given.MOST_TOKENS)
        made = cls(name, **options)
        made.model.language.context = min(most, made.model.language.context)
        return made

    @property
    def device(self) -> Any:
        """The device that the model is on."""
        return self.model.language.model.device

    @property
    def generation_config(self) -> Any:
        """With `eos_token_id`."""
        return self.model.language.model.generation_config

    def cuda(self) -> Self:
        """Itself: the model is on the GPU already where there is one."""
        return self

    def get_text_tokenizer(self) -> Any:
        """The tokenizer of the language model."""
        return self.model.language.tokenizer

    def get_visual_tokenizer(self) -> Any:
        """Something with the `dtype` and the `device` that pixels should have."""
        return self.model.table.vte.weight

    def preprocess_inputs(
        self, query: str, images: Sequence[Image.Image], max_partition: int = 9
    ) -> tuple[str, Tensor, Tensor]:
        """The prompt, its tokens (length,), and the pixels (parts, 3, side, side) of all images.

        `query` holds `<image>` where each picture stands. Raises BackendError if they are not as many, or if
        `max_partition` is beyond 64: all grids of so many parts are tried.
        """
        if not isinstance(query, str) or not isinstance(images, Sequence):
            raise BackendError("preprocess_inputs takes a text with `<image>` in it, and a list of as many pictures")
        most = given.whole("max_partition", max_partition, MOST_PARTS)
        return self.model.preprocess(query, [given.picture(image) for image in images], most)

    def generate(self, input_ids: Tensor, pixel_values: Sequence[Tensor], **kwargs: Any) -> Tensor:
        """The new tokens (1, length), for one prompt (1, length). `max_new_tokens` and the sampling are heeded."""
        return self.model.generate(input_ids, pixel_values, kwargs)
