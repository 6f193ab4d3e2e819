"""OmniLMM-12B and OmniLMM-3B (MiniCPM-V 1.0), as a captioner, and as `OmniLMMChat`, the way their makers call them."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from devices.media import Frame
from pipelines import backends, checkpoints, weights
from pipelines.backends import BackendError, Exchange, Look, first_line
from pipelines.captioners import given, published
from pipelines.captioners.omnilmm_prompts import HERE, MANNERS, size_of
from pipelines.captioners.split import SplitOptions, SplitVlm

DECODE_ERROR = "Image decode error"
"""What a picture that cannot be read is answered with, as it was from the beginning."""


class OmniLmm(SplitOptions):
    """The weights are a folder as published: config.json, tokenizer, and safetensors or pytorch_model*.bin.

    By default it says what is likeliest, which suits captions; its makers draw by chance, see `OmniLMMChat`.
    """

    bilingual: ClassVar[bool] = True

    weights: str = "omnilmm-3b"

    def load(self) -> SplitVlm:
        """Load the model, blocking for seconds to minutes. Raises BackendError."""
        from pipelines.captioners import omnilmm_parts

        return omnilmm_parts.load(weights.find(self.weights), self)


class OmniLMMChat:
    """One of the two models, loaded, that answers about a picture."""

    def __init__(self, model_path: str, **options: Any) -> None:
        """A published name, the name the weights were pulled by, or a path; `options` are those of `OmniLmm`, or what
        `from_pretrained` is told.

        Without options it answers by chance as its makers set it, from the same seed each time. Raises BackendError.
        """
        told = published.options(OmniLmm, model_path, options)
        folder = weights.find(told.weights)
        manner = MANNERS[size_of(checkpoints.config(folder), folder)]
        released = {"sampling": manner.sampling, "max_answer": manner.max_answer}
        left_open = {key: value for key, value in released.items() if key not in told.model_fields_set}
        self.model: SplitVlm = backends.load(told.model_copy(update=left_open), "captioner")

    def chat(self, inputs: Mapping[str, Any]) -> str:
        """The answer to the last of the messages.

        `inputs`: `image`, a file's bytes in base64, and `question`, a JSON list of messages with `role` and `content`,
        in which user and assistant take turns. A picture that cannot be read gives "Image decode error". Raises
        BackendError for messages that are none.
        """
        try:
            frame = _frame(inputs["image"])
        except (KeyError, *given.BROKEN):
            return DECODE_ERROR
        return "".join(self.model.look(_look(frame, inputs.get("question")))).strip()

    def process(self, inputs: Mapping[str, Any]) -> str:
        """The same as `chat`, under the name that the first examples used."""
        return self.chat(inputs)


def img2base64(file_name: str | Path) -> bytes:
    """A file in base64."""
    return base64.b64encode(Path(file_name).read_bytes())


def _frame(encoded: bytes | str) -> Frame:
    """A file as a frame. Raises BackendError for one that is too large, before it is decoded."""
    with warnings.catch_warnings(action="ignore"):  # Pillow's own bounds are others
        try:
            image = Image.open(BytesIO(base64.b64decode(encoded)))
        except Image.DecompressionBombError as error:
            raise BackendError(f"the picture is too large: {first_line(error, named=False)}") from error
        with image:
            given.check_size(image)
            return Frame(np.array(image.convert("RGB")), 0.0, "chat")


def _look(frame: Frame, question: Any) -> Look:
    """The last message as a question, those before it as history. Raises BackendError."""
    try:
        said = [(message["role"], str(message["content"])) for message in json.loads(question)]
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise BackendError(
            '`question` is no JSON list of {"role": …, "content": …}: use json.dumps(messages)'
        ) from error
    words = [content for _, content in said]
    if [role for role, _ in said] != ["user", "assistant"] * (len(said) // 2) + ["user"]:
        raise BackendError("the messages must begin and end with role `user`, and take turns with `assistant`")
    words[0] = words[0].replace("<image>", HERE)
    turns = zip(words[0:-1:2], words[1::2], strict=True)
    return Look(frame, words[-1], tuple(Exchange(asked, heard) for asked, heard in turns))
