"""OmniLMMs of random weights, as the 3B and as the 12B: 16 heads in the tower, resamplers with heads of 128."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import tiny

SIDE, PATCHES = 84, 36
"""Pixels of a side of the small ones' pictures, and how many patches that makes."""
EYES, MIDDLE, WIDTH, QUERIES = 32, 48, 128, 4


def make(folder: Path) -> dict[str, Any]:
    """The 3B's form: SigLIP as timm saves it, without its last block, and MiniCPM."""
    words = tiny.tokenizer(("<unk>", "<s>", "</s>", "<image>", "</image>", "<用户>", "<AI>"), "</s>", "", 320)
    words.add_special_tokens({"bos_token": "<s>", "unk_token": "<unk>"})
    told = {"model_type": "minicpmv", "architectures": ["MiniCPMV"], "query_num": QUERIES, "image_size": SIDE}
    told |= {"drop_vision_last_layer": True, "scale_emb": 12, "scale_depth": 1.4, "dim_model_base": 32}
    language = tiny.decoder("Granite", words, hidden_size=WIDTH, tie_word_embeddings=True, initializer_range=0.6)
    decoder = {f"llm.{name}": tensor for name, tensor in language.state_dict().items() if name != "lm_head.weight"}
    return _saved(folder, words, told, language, decoder | _prefixed("vpm.", siglip()) | _resampler("resampler."))


def make_12b(folder: Path) -> dict[str, Any]:
    """The 12B's form: EVA02 and Mistral; the tokenizer does not know the marks, the weights have rows for them."""
    words = tiny.tokenizer(("<unk>", "<s>", "</s>"), "</s>", "", 320)
    words.add_special_tokens({"bos_token": "<s>", "unk_token": "<unk>"})
    told = {"model_type": "omnilmm", "architectures": ["OmniLMMForCausalLM"], "num_query": QUERIES, "image_size": SIDE}
    told |= {"mm_vision_tower": "eva02", "mm_use_im_start_end": True}
    language = tiny.decoder("Mistral", words, hidden_size=WIDTH, vocab_size=len(words) + 3, initializer_range=0.6)
    tensors = dict(language.state_dict()) | _prefixed("model.vision_tower.", eva02()) | _resampler("model.resampler.")
    return _saved(folder, words, told, language, tensors)


def siglip(layers: int = 2, grid: int = 4) -> dict[str, Any]:
    """SigLIP's tensors as timm names them."""
    shapes = _tower(layers) | {"pos_embed": (1, grid**2, EYES)}
    shapes |= {f"blocks.{at}.attn.qkv.bias": (3 * EYES,) for at in range(layers)}
    return _random(shapes)


def eva02(layers: int = 2, grid: int = 4) -> dict[str, Any]:
    """EVA02's tensors as timm names them."""
    shapes = _tower(layers) | {"pos_embed": (1, 1 + grid**2, EYES), "cls_token": (1, 1, EYES)}
    shapes |= {f"blocks.{at}.attn.{part}_bias": (EYES,) for at in range(layers) for part in "qv"}
    return _random(shapes)


def _tower(layers: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "patch_embed.proj.weight": (EYES, 3, 14, 14),
        "patch_embed.proj.bias": (EYES,),
    }
    block = {"attn.qkv.weight": (3 * EYES, EYES), "attn.proj.weight": (EYES, EYES), "attn.proj.bias": (EYES,)}
    block |= {"mlp.fc1.weight": (MIDDLE, EYES), "mlp.fc1.bias": (MIDDLE,)}
    block |= {"mlp.fc2.weight": (EYES, MIDDLE), "mlp.fc2.bias": (EYES,)}
    norms = ["norm", *(f"blocks.{at}.norm{which}" for at in range(layers) for which in (1, 2))]
    shapes |= {f"blocks.{at}.{name}": shape for at in range(layers) for name, shape in block.items()}
    return shapes | {f"{norm}.{kind}": (EYES,) for norm in norms for kind in ("weight", "bias")}


def _resampler(prefix: str) -> dict[str, Any]:
    import torch

    from pipelines.vision.resampler import Resampler

    torch.manual_seed(2)
    made = Resampler(QUERIES, EYES, WIDTH)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return _prefixed(prefix, made.state_dict())


def _random(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    import torch

    torch.manual_seed(1)
    return {name: torch.randn(shape) * 0.2 for name, shape in shapes.items()}


def _prefixed(prefix: str, tensors: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def _saved(folder: Path, words: Any, told: dict[str, Any], language: Any, tensors: dict[str, Any]) -> dict[str, Any]:
    """Saved in half precision, as both were published; computed in float32 here."""
    import torch
    from safetensors.torch import save_file

    shared = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    shared += ("num_key_value_heads", "rms_norm_eps", "max_position_embeddings", "bos_token_id", "eos_token_id")
    told |= {name: getattr(language.config, name) for name in shared} | {"torch_dtype": "bfloat16"}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
    words.save_pretrained(folder)
    halves = {name: tensor.to(torch.bfloat16).contiguous() for name, tensor in tensors.items()}
    save_file(halves, folder / "model.safetensors")
    return {"weights": str(folder), "max_tokens": 8, "max_answer": 12, "threads": 1, "precision": "float32"}
