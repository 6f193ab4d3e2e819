"""The tensors of moondream2 under the names that our tower and transformers' Phi have; which revision they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pipelines import checkpoints
from pipelines.backends import BackendError
from pipelines.vision.vit import VitShape

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Revision = Literal["2024-04-02", "2025-06-21"]

_OLD_NAMES = {
    "vision_encoder.encoder.model.visual.": "vision.", "vision_encoder.projection.mlp.": "vision.proj_mlp.",
    "patch_embed.linear.": "patch_emb.", "pos_embed": "pos_emb", ".norm1.": ".ln1.", ".norm2.": ".ln2.",
    "vision.norm.": "vision.post_ln.",
    "text_model.transformer.embd.wte.weight": "text.wte", "text_model.transformer.h.": "text.blocks.",
    "text_model.lm_head.ln.": "text.post_ln.", "text_model.lm_head.linear.": "text.lm_head.",
    "mixer.Wqkv.": "attn.qkv.", "mixer.out_proj.": "attn.proj.",
}  # fmt: skip
"""From the names of 2024 to those of 2025."""

_VISION_NAMES = {
    "vision.proj_mlp.fc": "projection.linear_", "patch_emb.": "embeddings.patch_embedding.",
    "pos_emb": "embeddings.position_embedding.weight", ".blocks.": ".encoder.layers.", ".ln1.": ".layer_norm1.",
    ".ln2.": ".layer_norm2.", ".attn.proj.": ".self_attn.out_proj.", "post_ln.": "post_layernorm.",
}  # fmt: skip
_TEXT_NAMES = {
    "text.wte": "text.model.embed_tokens.weight", "text.blocks.": "text.model.layers.", ".ln.": ".input_layernorm.",
    ".attn.proj.": ".self_attn.dense.", "text.post_ln.": "text.model.final_layernorm.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weights:
    """All tensors: `vision.` as in our Vit, `projection.`, `text.` as in Phi, and, in 2025, `region.`."""

    revision: Revision
    tensors: dict[str, Tensor]
    told: Mapping[str, Any]
    """What config.json says."""

    def part(self, name: str) -> Iterator[tuple[str, Tensor]]:
        """The tensors of one part, without its name."""
        return ((key.removeprefix(name + "."), one) for key, one in self.tensors.items() if key.startswith(name + "."))

    def size(self, name: str, axis: int) -> int:
        """How large a tensor is. Raises BackendError where it is missing."""
        if name not in self.tensors:
            raise BackendError(f"the weights are not whole, pull them anew: {name} is missing")
        return int(self.tensors[name].shape[axis])

    def layers(self, stem: str) -> int:
        """How many layers have names that begin like this."""
        return len({name.removeprefix(stem).split(".")[0] for name in self.tensors if name.startswith(stem)})

    def section(self, name: str) -> Mapping[str, Any]:
        """What config.json says of one part; nothing, where it leaves all to the defaults."""
        found = (self.told.get("config") or {}).get(name) or {}
        return found if isinstance(found, dict) else {}


def read(path: Path, told: Mapping[str, Any], dtype: torch.dtype) -> Weights:
    """All tensors of a file or folder. Raises BackendError where they are not those of a revision that is known."""
    return sorted_out({name: tensor.to(dtype) for name, tensor in checkpoints.tensors(path)}, told)


def sorted_out(found: Mapping[str, Tensor], told: Mapping[str, Any]) -> Weights:
    """Tensors under the names of their file. Raises BackendError, as `read` does."""
    old = any(name.startswith("vision_encoder.") for name in found)
    plain = {_plain(name): tensor for name, tensor in found.items()}
    named = {replaced(name, _OLD_NAMES): tensor for name, tensor in plain.items()} if old else plain
    return Weights(_revision(named, old), dict(_unfused(named)), told)


def replaced(name: str, names: Mapping[str, str]) -> str:
    """A name with every part that is listed replaced, in the order of the list."""
    for before, after in names.items():
        name = name.replace(before, after)
    return name


def vit_shape(weights: Weights) -> VitShape:
    """The size of the tower: from its tensors; the heads cannot be seen in them.

    In 2024 it was timm's, with timm's epsilon and GELU itself; in 2025 it is moondream's own.
    """
    old = weights.revision == "2024-04-02"
    width = weights.size("vision.embeddings.patch_embedding.weight", 0)
    patch = weights.size("vision.embeddings.patch_embedding.weight", -1)
    return VitShape(
        width=width,
        hidden=weights.size("vision.encoder.layers.0.mlp.fc1.weight", 0),
        layers=weights.layers("vision.encoder.layers."),
        heads=_divided(width, int(weights.section("vision").get("enc_n_heads", max(1, width // 72)))),
        image=isqrt(weights.size("vision.embeddings.position_embedding.weight", 0)) * patch,
        patch=patch,
        epsilon=1e-6 if old else 1e-5,
        gelu="none" if old else "tanh",
    )


def phi_config(weights: Weights, begin: int) -> Any:
    """The language model's configuration; `begin`: the token that begins a text and ends an answer."""
    import transformers

    width = weights.size("text.model.embed_tokens.weight", 1)
    phi = weights.told.get("text_config") or weights.told.get("phi_config") or {}
    text = weights.section("text")
    heads = _divided(width, int(text.get("n_heads", phi.get("num_attention_heads", max(1, width // 64)))))
    per_head = width // heads
    return transformers.PhiConfig(
        architectures=["PhiForCausalLM"],
        vocab_size=weights.size("text.model.embed_tokens.weight", 0),
        hidden_size=width,
        intermediate_size=weights.size("text.model.layers.0.mlp.fc1.weight", 0),
        num_hidden_layers=weights.layers("text.model.layers."),
        num_attention_heads=heads,
        num_key_value_heads=weights.size("text.model.layers.0.self_attn.k_proj.weight", 0) // per_head,
        max_position_embeddings=int(text.get("max_context", phi.get("max_position_embeddings", 2048))),
        bos_token_id=begin,
        eos_token_id=begin,
    )


def _divided(width: int, heads: int) -> int:
    """So many heads. Raises ValueError where they cannot share the width."""
    if heads < 1 or width % heads:
        raise ValueError(f"a width of {width} cannot have {heads} heads")
    return heads


def _plain(name: str) -> str:
    """A name without what compiling and wrapping a model leave in it."""
    return name.replace("._orig_mod", "").removeprefix("model.")


def _revision(named: Mapping[str, Tensor], old: bool) -> Revision:
    if not {"vision.pos_emb", "vision.proj_mlp.fc1.weight", "text.wte"} <= named.keys():
        raise BackendError(
            "the weights are no moondream2: they lack the tensors of a picture tower or of a language model"
        )
    width, taken = named["vision.pos_emb"].shape[-1], named["vision.proj_mlp.fc1.weight"].shape[1]
    if taken != (width if old else 2 * width):
        raise BackendError("the weights are a revision of moondream2 that is not known: pull 2024-04-02 or 2025-06-21")
    return "2024-04-02" if old else "2025-06-21"


def _unfused(named: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """Tensors under their final names: attention split into query, key and value, patches as those of a convolution."""
    for name, tensor in named.items():
        part, names = ("vision", _VISION_NAMES) if name.startswith("vision.") else ("text", _TEXT_NAMES)
        own = replaced(name, names) if name.startswith(("vision.", "text.")) else name
        if ".attn.qkv." in name:
            width = named["vision.pos_emb" if part == "vision" else "text.wte"].shape[-1]
            shared = (len(tensor) - width) // 2
            for letter, piece in zip("qkv", tensor.split_with_sizes([width, shared, shared]), strict=True):
                yield own.replace(".attn.qkv.", f".self_attn.{letter}_proj."), piece
        elif name == "vision.patch_emb.weight":
            side = isqrt(tensor.shape[1] // 3)
            yield own, tensor.reshape(-1, 3, side, side)
        elif name == "vision.pos_emb":
            yield own, tensor.reshape(-1, tensor.shape[-1])
        else:
            yield own, tensor
