"""moondream2 of both revisions, each a thousandth of its size, under the names that its checkpoint has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import tiny

MARKS = ("<|endoftext|>", "<|md_reserved_0|>", "<|md_reserved_1|>", "<|md_reserved_2|>")

Shapes = Iterator[tuple[str, tuple[int, ...]]]


@dataclass(frozen=True)
class Size:
    """Widths and counts; the defaults are small."""

    vocabulary: int
    vision: int = 24
    hidden: int = 40
    """Of the tower's MLPs."""
    vision_layers: int = 2
    grid: int = 6
    """Patches along each side."""
    text: int = 32
    layers: int = 2
    forward: int = 64
    """Of all other MLPs."""
    features: tuple[int, int] = (16, 16)
    bins: int = 32


FULL = Size(51200, 1152, 4304, 27, 27, 2048, 24, 8192, (256, 512), 1024)
"""moondream2 as it was released."""


def make(folder: Path) -> dict[str, Any]:
    """A checkpoint of 2025."""
    return make_2025(folder)


def make_2025(folder: Path) -> dict[str, Any]:
    words = tiny.tokenizer(MARKS, "<|endoftext|>", "")
    templates = {
        "caption": {length: [1, *_ids(words, f"describe {length}"), 3] for length in ("short", "normal", "long")},
        "query": {"prefix": [1, *_ids(words, "query"), 2], "suffix": [3]},
        "detect": {"prefix": [1, *_ids(words, "detect"), 2], "suffix": [3]},
        "point": {"prefix": [1, *_ids(words, "point"), 2], "suffix": [3]},
    }
    told = {
        "text": {"n_heads": 4}, "vision": {"enc_n_heads": 3, "overlap_margin": 1, "max_crops": 12},
        "tokenizer": {"templates": templates},
    }  # fmt: skip
    config = {"model_type": "moondream1", "auto_map": {"AutoConfig": "hf_moondream.HfConfig"}, "config": told}
    size = Size(len(words))
    names = {f"model.{name}": shape for name, shape in [*modern(size), *heads(size)]}
    return _write(folder, names, words, config)


def make_2024(folder: Path) -> dict[str, Any]:
    words = tiny.tokenizer((*MARKS[1:], MARKS[0]), "<|endoftext|>", "")
    config = {"model_type": "moondream1", "text_config": {"model_type": "phi", "num_attention_heads": 4}}
    return _write(folder, dict(old(Size(len(words)))), words, config)


REVISIONS = {"2024": make_2024, "2025": make_2025}


def file(options: dict[str, Any]) -> dict[str, Any]:
    """The tensors of a checkpoint under the names of its file, without `model.`."""
    from safetensors.torch import load_file

    tensors = load_file(Path(options["weights"]) / "model.safetensors")
    return {name.removeprefix("model."): tensor for name, tensor in tensors.items()}


def _write(folder: Path, names: dict[str, tuple[int, ...]], words: Any, config: dict[str, Any]) -> dict[str, Any]:
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    tensors = {name: torch.randn(shape) * _spread(name, shape) for name, shape in names.items()}
    save_file(tensors, folder / "model.safetensors")
    words.backend_tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(config))
    return {"weights": str(folder), "threads": 1, "max_tokens": 8, "max_answer": 8}


def _spread(name: str, shape: tuple[int, ...]) -> float:
    """So wide that what is said depends on what is seen and asked."""
    if name.endswith(("bias", "pos_emb", "pos_embed")):
        return 0.1
    return 2.0 / shape[1] ** 0.5 if len(shape) == 2 and "wte" not in name else 1.0


def modern(size: Size) -> Shapes:
    """The names of 2025, and what shapes they have."""
    yield from _linear("vision.patch_emb", 588, size.vision)
    yield "vision.pos_emb", (1, size.grid**2, size.vision)
    for layer in range(size.vision_layers):
        stem = f"vision.blocks.{layer}."
        yield from [*_norm(f"{stem}ln1", size.vision), *_norm(f"{stem}ln2", size.vision)]
        yield from _block(stem, "attn.qkv", "attn.proj", (size.vision, size.hidden))
    yield from [*_norm("vision.post_ln", size.vision), *_linear("vision.proj_mlp.fc1", 2 * size.vision, size.forward)]
    yield from [*_linear("vision.proj_mlp.fc2", size.forward, size.text), ("text.wte", (size.vocabulary, size.text))]
    for layer in range(size.layers):
        stem = f"text.blocks.{layer}."
        yield from _norm(f"{stem}ln", size.text)
        yield from _block(stem, "attn.qkv", "attn.proj", (size.text, size.forward))
    yield from [*_norm("text.post_ln", size.text), *_linear("text.lm_head", size.text, size.vocabulary)]


def heads(size: Size) -> Shapes:
    """Those that tell where things are."""
    coordinate, extent = size.features
    yield from [("region.coord_features", (1, coordinate // 2)), ("region.size_features", (2, extent // 2))]
    yield from _linear("region.coord_encoder", coordinate, size.text)
    yield from _linear("region.size_encoder", extent, size.text)
    for name, bins in (("coord", size.bins), ("size", 2 * size.bins)):
        yield from _linear(f"region.{name}_decoder.fc1", size.text, size.forward)
        yield from _linear(f"region.{name}_decoder.fc2", size.forward, bins)


def old(size: Size) -> Shapes:
    """The names of 2024, and what shapes they have."""
    visual, model = "vision_encoder.encoder.model.visual.", "text_model.transformer."
    yield from _linear(f"{visual}patch_embed.linear", 588, size.vision)
    yield f"{visual}pos_embed", (1, size.grid**2, size.vision)
    for layer in range(size.vision_layers):
        stem = f"{visual}blocks.{layer}."
        yield from [*_norm(f"{stem}norm1", size.vision), *_norm(f"{stem}norm2", size.vision)]
        yield from _block(stem, "attn.qkv", "attn.proj", (size.vision, size.hidden))
    yield from _norm(f"{visual}norm", size.vision)
    yield from _linear("vision_encoder.projection.mlp.fc1", size.vision, size.forward)
    yield from _linear("vision_encoder.projection.mlp.fc2", size.forward, size.text)
    yield f"{model}embd.wte.weight", (size.vocabulary, size.text)
    for layer in range(size.layers):
        stem = f"{model}h.{layer}."
        yield from _norm(f"{stem}ln", size.text)
        yield from _block(stem, "mixer.Wqkv", "mixer.out_proj", (size.text, size.forward))
    yield from _norm("text_model.lm_head.ln", size.text)
    yield from _linear("text_model.lm_head.linear", size.text, size.vocabulary)


def _block(stem: str, fused: str, out: str, size: tuple[int, int]) -> Shapes:
    width, hidden = size
    yield from [*_linear(stem + fused, width, 3 * width), *_linear(stem + out, width, width)]
    yield from [*_linear(f"{stem}mlp.fc1", width, hidden), *_linear(f"{stem}mlp.fc2", hidden, width)]


def _linear(name: str, taken: int, given: int) -> Shapes:
    yield from [(f"{name}.weight", (given, taken)), (f"{name}.bias", (given,))]


def _norm(name: str, width: int) -> Shapes:
    yield from [(f"{name}.weight", (width,)), (f"{name}.bias", (width,))]


def _ids(words: Any, text: str) -> list[int]:
    return list(words.encode(text, add_special_tokens=False))
