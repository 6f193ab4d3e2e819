"""A causal language model of transformers as an engine: it takes embeddings among the tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines import checkpoints, plausible, room
from pipelines.backends import BackendError
from pipelines.checkpoints import Rename
from pipelines.language.loading import OFFLINE, Device, Placed, Precision, loading, placement
from pipelines.language.sampling import Scores
from pipelines.language.spans import Picture, Span, Tokens

if TYPE_CHECKING:
    from torch import Tensor

TURN_ENDS = ("<|im_end|>", "<|endoftext|>", "<end_of_turn>", "<|eot_id|>", "</s>")


class Causal:
    """Any `*ForCausalLM` with its tokenizer, as an Engine."""

    def __init__(self, model: Any, tokenizer: Any, threads: int) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        self._threads = threads
        self._embed = model.get_input_embeddings()
        self._cache = _empty_cache(model)
        self.width = int(self._embed.weight.shape[1])
        self.context = int(getattr(model.config, "max_position_embeddings", 2048))
        self.ends = turn_ends(tokenizer, model)

    def chat(self, messages: Sequence[Mapping[str, str]]) -> str:
        if self.tokenizer.chat_template is None:
            raise BackendError("the model has no chat template: choose an instruct model")
        return str(
            # A template that knows no thinking does not look at the switch.
            self.tokenizer.apply_chat_template(
                list(messages), add_generation_prompt=True, tokenize=False, enable_thinking=False
            )
        )

    def encode(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def decode(self, ids: Sequence[int]) -> str:
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def keep(self, positions: int) -> int:
        surplus = self._cache.get_seq_length() - positions
        if positions and forget(self._cache, surplus):
            return positions
        self._cache = _empty_cache(self.model)
        return 0

    def read(self, spans: Sequence[Span]) -> Scores:
        import torch

        torch.set_num_threads(self._threads)
        scores = None
        with torch.inference_mode():
            for whole, run in groupby(spans, lambda span: isinstance(span, Picture) and span.whole):
                scores = self._pass(list(run), whole)
        assert scores is not None  # a prompt is never empty
        return np.asarray(scores.float().cpu().numpy(), np.float32)

    def _pass(self, spans: Sequence[Span], whole: bool) -> Tensor:
        """One forward pass; `whole`: every position attends to every other."""
        import torch

        device = self._embed.weight.device
        given: dict[str, Any]
        if all(isinstance(span, Tokens) for span in spans):
            ids = [token for span in spans if isinstance(span, Tokens) for token in span.ids]
            given = {"input_ids": torch.tensor([ids], device=device)}
        else:
            given = {"inputs_embeds": torch.cat([self._embedded(span) for span in spans])[None]}
        if whole:
            count = sum(map(len, spans))
            length = self._cache.get_seq_length() + count
            given["attention_mask"] = torch.ones((1, 1, count, length), dtype=torch.bool, device=device)
        read = self.model(**given, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        scores: Tensor = read.logits[0, -1]
        return scores

    def _embedded(self, span: Span) -> Tensor:
        import torch

        weight = self._embed.weight
        if isinstance(span, Picture):
            return torch.from_numpy(span.rows).to(weight.device, weight.dtype)
        embedded: Tensor = self._embed(torch.tensor(span.ids, device=weight.device))
        return embedded


def from_folder(folder: Path, threads: int, device: Device = "auto", precision: Precision = "auto") -> Causal:
    """Load a folder as `from_pretrained` takes it. Raises BackendError; for too little memory, before it is read."""
    checkpoints.config(folder)
    with loading(folder):
        import torch
        import transformers

        config = transformers.AutoConfig.from_pretrained(folder, **OFFLINE)
        saved = config.dtype if isinstance(config.dtype, torch.dtype) else None
        on = placement(device, precision, saved)
        room.check_weights(folder.name, on, folder)
        as_held(transformers.AutoModelForCausalLM, config, checkpoints.parameters(folder), repr(folder.name))
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **OFFLINE)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            folder, **OFFLINE, use_safetensors=True, dtype=on.dtype
        )
        return Causal(model.to(on.device), tokenizer, threads)


def built(config: Any, found: Iterator[tuple[str, Tensor]], rename: Rename, on: Placed) -> Any:
    """A `*ForCausalLM` out of the tensors of a larger checkpoint, which `rename` finds and names as transformers does.

    Raises BackendError where weights are missing or do not fit.
    """
    import transformers

    given = {own: tensor for name, tensor in found if (own := rename(name)) is not None}
    kind = getattr(transformers, config.architectures[0])
    as_held(kind, config, sum(tensor.numel() for tensor in given.values()), "the language model")
    model, told = kind.from_pretrained(
        None, config=config, state_dict=given, dtype=on.dtype, output_loading_info=True, ignore_mismatched_sizes=True
    )
    if wrong := sorted(told["missing_keys"] | {name for name, *_ in told["mismatched_keys"]}):
        raise BackendError(f"the weights of the language model lack {len(wrong)} tensors, {wrong[0]} among them")
    return model.to(on.device)


def as_held(kind: Any, config: Any, held: int, what: str) -> None:
    """Raises BackendError where a model of this kind and configuration is no match for so many numbers of weights."""
    make = getattr(kind, "from_config", kind)
    quantised = getattr(config, "quantization_config", None) is not None
    plausible.as_held(lambda: make(deepcopy(config)), held, what, packed=quantised)


def turn_ends(tokenizer: Any, model: Any) -> frozenset[int]:
    """The tokens that end an answer."""
    told = model.generation_config.eos_token_id if model.generation_config else None
    ends = {tokenizer.eos_token_id, *(told if isinstance(told, list) else [told])}
    vocabulary = tokenizer.get_vocab()
    ends.update(vocabulary[mark] for mark in TURN_ENDS if mark in vocabulary)
    return frozenset(ends - {None})


def forget(cache: Any, surplus: int) -> bool:
    """Take the last positions off a cache; False where it cannot, and then the cache is of no more use."""
    if not surplus:
        return True
    if not cache.is_croppable:
        return False
    try:
        cache.crop(-surplus)
    except RuntimeError:  # what a sliding window has left behind is gone
        return False
    return True


def _empty_cache(model: Any) -> Any:
    from transformers import DynamicCache

    return DynamicCache(config=model.config)
