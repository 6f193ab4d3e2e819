"""Native image-text models of transformers as Lookers: loading, the prompt in the model's own chat template, caches."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from devices.media import Frame
from pipelines import checkpoints, room
from pipelines.backends import BackendError, Exchange, Look, Looker, first_line
from pipelines.captioners.describing import Describing
from pipelines.captioners.families import check_sight
from pipelines.captioners.hf_engine import Inputs, NativeEngine, Shown
from pipelines.captioners.kept import Kept, content_of
from pipelines.captioners.processors import fitted, in_one_tile, processor_of
from pipelines.chats.prompting import unmarked
from pipelines.language.causal import as_held
from pipelines.language.engine import Reader, stream
from pipelines.language.loading import OFFLINE, loading, placement

if TYPE_CHECKING:
    import torch

    from pipelines.captioners.hf import Hf


def from_folder(folder: Path, options: Hf) -> Looker:
    """Load a folder as `from_pretrained` takes it. Raises BackendError."""
    checkpoints.config(folder)
    with loading(folder):
        import transformers

        config = transformers.AutoConfig.from_pretrained(folder, **OFFLINE)
        check_sight(folder, config.model_type)
        on = placement(options.device, options.precision, _saved_in(config))
        room.check_weights(f"{folder.name!r}", on, folder)
        kind = transformers.AutoModelForImageTextToText
        as_held(kind, config, checkpoints.parameters(folder), repr(folder.name))
        processor = processor_of(folder, config)
        engine = NativeEngine(_model(folder, on.dtype).to(on.device), processor, options.threads)
    if not options.tiles:
        in_one_tile(processor)
    return _looker(engine, options)


class NativeVlm(Describing):
    """A chat model that sees, as a Looker.

    A picture is encoded once and kept; a further question about it reads the question only. Closing ends the work at
    the next block of the vision tower, or after the token that is being made. Token for token what transformers' own
    generation gives for LLaVA, Idefics3, SmolVLM and Qwen2.5-VL, which the tests show; other families take the same
    path, but were not run.
    """

    def __init__(self, engine: NativeEngine, options: Hf) -> None:
        self.engine = engine
        self.options: Hf = options
        self.reader = Reader(engine)
        self.frames: Kept[Any] = Kept(options.frames)
        self._marks = _marks(engine.processor)
        self.inputs(Look(Frame(np.zeros((90, 120, 3), np.uint8), 0.0, ""), "Hello"))  # what it refuses, it refuses now

    def look(self, request: Look) -> Generator[str, None, None]:
        """The answer in pieces; empty ones while the picture is encoded."""
        inputs = self.inputs(request)
        yield ""
        prompt = self.engine.show((yield from self.shown(request.frame, inputs)))
        yield from stream(self.reader, prompt, self.options.limits(request))

    def shown(self, frame: Frame, inputs: Inputs) -> Generator[str, None, Shown]:
        """A prompt with its picture: encoded once, with empty pieces meanwhile, then kept under its content."""
        key = content_of(frame)
        features = yield from self.frames.recall(key, lambda: self.engine.features(inputs))
        return Shown(inputs, key, features)

    def inputs(self, request: Look) -> Inputs:
        """A question with its picture and what was said before, as tensors. Raises BackendError."""
        image = fitted(Image.fromarray(request.frame.pixels), self.options.image_size)
        return prepared(self.engine, self._conversation(image, request))

    def _conversation(self, image: Image.Image, request: Look) -> list[dict[str, Any]]:
        """The whole talk about one picture, which stands before its first question."""
        said: list[dict[str, Any]] = []
        for one in (*request.history, Exchange(request.question, "")):
            said.append({"role": "user", "content": [_text(self._clean(one.asked))]})
            said.append({"role": "assistant", "content": [_text(self._clean(one.heard))]})
        said[0]["content"].insert(0, {"type": "image", "image": image})
        return said[:-1]

    def _clean(self, text: str) -> str:
        for mark in self._marks:
            text = text.replace(mark, " ")
        return unmarked(text)


def prepared(engine: NativeEngine, conversation: Sequence[dict[str, Any]]) -> Inputs:
    """A conversation as tensors on the model's device. Raises BackendError where its template does not take it."""
    from jinja2 import TemplateError

    try:
        made = engine.processor.apply_chat_template(
            conversation, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
        )
    except (TemplateError, ValueError, KeyError, TypeError, IndexError) as error:
        raise BackendError(f"the model's own chat template does not take the prompt: {first_line(error)}") from error
    return dict(made.to(engine.model.device, dtype=engine.model.dtype))


def _looker(engine: NativeEngine, options: Hf) -> Looker:
    from pipelines.captioners.florence import Florence

    if engine.model.config.model_type == "florence2":
        return Florence(engine, options)
    if getattr(engine.processor, "chat_template", None) is None:
        raise BackendError(f"{options.weights!r} has no chat template: choose an instruct model")
    if options.changed("task"):
        raise BackendError("only Florence-2 knows tasks: leave `task` out and set `prompt`")
    return NativeVlm(engine, options)


def _model(folder: Path, dtype: torch.dtype) -> Any:
    """The model with all of its weights. Raises BackendError where some are missing."""
    import transformers

    model, told = transformers.AutoModelForImageTextToText.from_pretrained(
        folder, **OFFLINE, use_safetensors=True, dtype=dtype, output_loading_info=True
    )
    if missing := sorted(told["missing_keys"]):
        raise BackendError(f"the weights {folder.name!r} lack {len(missing)} tensors, {missing[0]} among them")
    model.generation_config.cache_implementation = None  # the cache is the engine's
    return model.requires_grad_(False)


def _saved_in(config: Any) -> torch.dtype | None:
    import torch

    told = config.dtype or getattr(config.get_text_config(), "dtype", None)
    return told if isinstance(told, torch.dtype) else None


def _marks(processor: Any) -> list[str]:
    """What the tokenizer takes for something else than words; the longest first, as one may hold another."""
    marks = {*processor.tokenizer.all_special_tokens, str(getattr(processor, "image_token", ""))}
    return sorted((mark for mark in marks if mark.strip()), key=len, reverse=True)


def _text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}
