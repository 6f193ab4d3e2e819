"""Whether a config.json can describe the weights beside it, asked before anything of that size is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.backends import BackendError

if TYPE_CHECKING:
    from torch import nn

DEEPEST = 1000
"""Layers of one part; the deepest models have some hundred."""
WIDEST = 10_000_000
"""Words, or numbers of one vector; the largest vocabularies have a third of a million words."""
LONGEST = 100_000_000
"""Positions; some models are said to read ten million, and nothing is made for each before it is read."""
BROADEST = 10_000
"""Pixels of a side, heads, or rows of a picture."""

_LAYERS = (
    "num_hidden_layers", "num_layers", "n_layers", "n_layer", "enc_n_layers", "encoder_layers", "decoder_layers",
    "depth", "block_count",
)  # fmt: skip
_WIDTHS = (
    "hidden_size", "intermediate_size", "vocab_size", "head_dim", "dim_model_base", "embed_dim", "max_context",
    "embedding_length", "feed_forward_length",
)  # fmt: skip
_SIDES = (
    "image_size", "patch_size", "num_attention_heads", "num_key_value_heads", "n_heads", "enc_n_heads", "query_num",
    "num_query", "max_crops",
)  # fmt: skip
_LENGTHS = ("max_position_embeddings", "context_length")
_BOUNDS = ((_LAYERS, DEEPEST), (_WIDTHS, WIDEST), (_SIDES, BROADEST), (_LENGTHS, LONGEST))
_MOST = {name: most for names, most in _BOUNDS for name in names}

_BEYOND = 1.5
"""How many times the numbers of its files a model may have: some are made at load, as rows shared by two layers are."""
_PACKED = 10
"""The same for quantised weights, of which eight may lie in one number."""
_LITTLE = 1_000_000
"""Numbers more that are no sign of damage."""


def sane(told: Mapping[str, Any], file: Path) -> None:
    """Raises BackendError where a size is told that no model has: none at all, or one beyond all bounds."""
    for name, value in _sizes(told):
        least, most = (0 if name in _LAYERS else 1), _MOST[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            shown = repr(value)[:40]
            raise BackendError(
                f"{file} is damaged, pull it anew: {name} is {shown}, not a number from {least} to {most}"
            )


def as_held(make: Callable[[], nn.Module], held: int, what: str, packed: bool = False) -> None:
    """Raises BackendError where the module that `make` builds, here without memory, is no match for `held` numbers."""
    import torch

    with torch.device("meta"):
        described = sum(parameter.numel() for parameter in make().parameters())
    if described > held * (_PACKED if packed else _BEYOND) + _LITTLE:
        raise BackendError(
            f"config.json of {what} describes a model of {described} numbers, its weights hold {held}: pull it anew"
        )


def _sizes(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every size by its name, of all sections. None says nothing, and a list is one size for each of its numbers."""
    sections: list[Any] = [told]
    while sections:  # no recursion: sections may be nested as deep as a file is long
        section = sections.pop()
        if isinstance(section, list):
            sections += [one for one in section if isinstance(one, dict | list)]
            continue
        for name, value in section.items():
            if isinstance(value, dict):
                sections.append(value)
            elif name in _MOST:
                yield from ((name, one) for one in (value if isinstance(value, list) else [value]) if one is not None)
            elif isinstance(value, list):
                sections.append(value)
