"""A native image-text model as an engine: transformers prepares each pass, this decides which token comes next."""

from __future__ import annotations

import inspect
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.captioners.stepwise import stepwise
from pipelines.language.causal import forget, turn_ends
from pipelines.language.sampling import Scores
from pipelines.language.spans import Picture, Span, Tokens

if TYPE_CHECKING:
    from torch import Tensor

Inputs = Mapping[str, Any]
"""What a processor makes of a prompt and its picture: tensors by name, `input_ids` (1, positions) among them."""
Drawn = Generator["Tensor", int, None]
"""Yields scores (one per word of the vocabulary) and is sent the token that was chosen."""

PIXELS = ("pixel_values", "pixel_values_images", "image_patches")
"""What models call a picture that is not encoded yet."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt with its picture, as the model is given it."""

    inputs: Inputs
    key: str
    """The picture's content."""
    features: Any = None
    """The encoded picture; None: the model encodes `pixel_values` itself."""


class NativeEngine:
    """Any `*ForConditionalGeneration` of images and text. A prompt is handed to `show` before its spans are read.

    What is read again is what differs from the last prompt, if the model puts pictures among the tokens and its
    cache can forget in part; else everything is.
    """

    def __init__(self, model: Any, processor: Any, threads: int) -> None:
        self.model, self.processor, self._threads = model.eval(), processor, threads
        self.encodes = "mm_encoder_outputs" in inspect.signature(model.forward).parameters
        text = model.config.get_text_config()
        self.width = int(getattr(text, "hidden_size", 0) or text.d_model)
        self.context = int(getattr(text, "max_position_embeddings", 2048))
        self.ends = turn_ends(processor.tokenizer, model)
        self._cache = self._empty_cache()
        self._shown: Shown | None = None
        self._drawn: Drawn | None = None

    def features(self, inputs: Inputs) -> Generator[str, None, Any]:
        """The picture of a prompt, encoded, an empty piece per block; None where the model cannot be given that."""
        from torch import nn

        if not self.encodes:
            return None
        network = self.model.base_model
        lists = [module for module in network.modules() if isinstance(module, nn.ModuleList)]
        blocks = {id(block): block for blocks in lists for block in blocks}
        return (yield from stepwise(lambda: self._encoded(inputs), blocks.values()))

    def show(self, shown: Shown) -> list[Span]:
        """The prompt that is read next, as spans: runs of its picture's positions among tokens."""
        self._shown = shown
        ids = shown.inputs["input_ids"][0].tolist()
        marks = self._marks() & set(ids) if self.encodes else set()
        if not marks:  # the picture stands nowhere in it: nothing of it may be taken for read
            return [Picture(shown.key, np.zeros((len(ids), 0), np.float32), whole=True)]
        spans: list[Span] = []
        for is_picture, run in groupby(ids, marks.__contains__):
            taken = tuple(run)
            rows = np.zeros((len(taken), 0), np.float32)
            spans.append(Picture(f"{shown.key}/{len(spans)}", rows, whole=True) if is_picture else Tokens(taken))
        return spans

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        return str(self.processor.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False))

    def encode(self, text: str) -> list[int]:
        return list(self.processor.tokenizer.encode(text, add_special_tokens=False))

    def decode(self, ids: Sequence[int]) -> str:
        words = self.processor.tokenizer
        return str(words.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def keep(self, positions: int) -> int:
        self._drawn = None
        if self._cache is not None and positions and forget(self._cache, self._cache.get_seq_length() - positions):
            return positions
        self._cache = self._empty_cache()
        return 0

    def read(self, spans: Sequence[Span]) -> Scores:
        import torch

        torch.set_num_threads(self._threads)
        with torch.inference_mode():
            if self._drawn is None:
                self._drawn = self._begun(any(isinstance(span, Picture) for span in spans))
                scores = next(self._drawn)
            else:
                (token,) = (token for span in spans if isinstance(span, Tokens) for token in span.ids)
                scores = self._drawn.send(token)
        return np.asarray(scores.cpu().numpy(), np.float32)

    def _encoded(self, inputs: Inputs) -> Any:
        import torch

        encode = self.model.base_model.get_image_features
        given = {name: inputs[name] for name in inspect.signature(encode).parameters if name in inputs}
        torch.set_num_threads(self._threads)
        with torch.inference_mode():
            return encode(**given, return_dict=True)

    def _begun(self, with_picture: bool) -> Drawn:
        """The passes over the prompt that was shown, prepared as transformers' own generation prepares them."""
        assert self._shown is not None  # a prompt is shown before it is read
        given = dict(self._shown.inputs)
        if not with_picture or self._shown.features is not None:
            given = {name: value for name, value in given.items() if name not in PIXELS}
        if with_picture and self._shown.features is not None:
            given["mm_encoder_outputs"] = {"image": self._shown.features}
        if self._cache is not None:
            given["past_key_values"] = self._cache
        drawn: Drawn = self.model.generate(
            **given, custom_generate=_passes, max_new_tokens=self.context, do_sample=False, num_beams=1, use_cache=True
        )
        return drawn

    def _marks(self) -> set[int]:
        """The tokens in whose place the rows of a picture are put."""
        config = self.model.config
        told = {getattr(config, name, None) for name in ("image_token_id", "image_token_index")}
        return {token for token in told if isinstance(token, int)}

    def _empty_cache(self) -> Any:
        """None where generation makes its own: encoder-decoders, and models that keep the picture elsewhere."""
        from transformers import DynamicCache

        if self.model.config.is_encoder_decoder or not self.encodes:
            return None
        return DynamicCache(config=self.model.config.get_text_config())


def _passes(
    model: Any, input_ids: Tensor, logits_processor: Any, stopping_criteria: Any, generation_config: Any, **given: Any
) -> Drawn:
    """One pass over the prompt, then one for each token it is sent: a decoding loop that waits to be asked.

    The scores are as the checkpoint's own `generation_config` alters them: penalties, a forced first token.
    """
    import torch

    twofold = bool(model.config.is_encoder_decoder)
    read = model._prefill(input_ids, generation_config, given)
    while True:
        given = model._update_model_kwargs_for_generation(read, given, is_encoder_decoder=twofold)
        token = yield logits_processor(input_ids, read.logits[:, -1].float())[0]
        input_ids = torch.cat([input_ids, input_ids.new_tensor([[token]])], dim=-1)
        prepared = model.prepare_inputs_for_generation(input_ids, next_sequence_length=1, **given)
        read = model(**prepared, return_dict=True)
