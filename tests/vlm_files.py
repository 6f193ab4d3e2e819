"""Vision-language models of their real size and random weights, made once as files, for benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tests import gguf_files, tiny

OMNIVISION_MARKS = (*tiny.MARKS, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|ocr_start|>", "<|ocr_end|>")

QWEN2_HALF_B = {
    "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
    "num_attention_heads": 14, "num_key_value_heads": 2, "max_position_embeddings": 32768,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0}, "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
}  # fmt: skip


def omnivision(folder: Path, numbers: str) -> Path:
    """OmniVision-968M as it was published: eyes in F16, and a Qwen2.5-0.5B in F16, Q8_0 or Q4_0, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "mmproj-omni-vlm-f16.gguf").exists():
        _once(folder / "mmproj-omni-vlm-f16.gguf", _so400m)
    words = folder / f"words-{numbers}.gguf"
    if not words.exists():
        _once(words, lambda path: gguf_files.language(path, gguf_files.QWEN2_HALF_B, numbers, OMNIVISION_MARKS))
    return words


def omnivision_safetensors(folder: Path) -> Path:
    """The same model in bfloat16, as transformers has it."""
    if not (folder / "config.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        _once(folder / "model.safetensors", _omnivision_tensors)
        words = tiny.tokenizer(OMNIVISION_MARKS)
        words.save_pretrained(folder)
        vision = {"image_size": 384, "num_attention_heads": 16, "layer_norm_eps": 1e-6}
        text = QWEN2_HALF_B | {"eos_token_id": words.eos_token_id, "bos_token_id": None, "pad_token_id": None}
        told = {"model_type": "llava", "torch_dtype": "bfloat16", "vision_config": vision, "text_config": text}
        (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def _omnivision_tensors(path: Path) -> None:
    import torch
    import transformers
    from safetensors.torch import save_file

    from pipelines.captioners.omnivision_parts import Eyes
    from pipelines.vision.vit import VitShape

    with torch.device("meta"):
        eyes = Eyes(VitShape(), 4096, 896, 9)
        language = transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**QWEN2_HALF_B)).model
    parts = {
        "vision_tower.vision_model.": eyes.tower, "multi_modal_projector.": eyes.connector,
        "language_model.model.": language,
    }  # fmt: skip
    torch.manual_seed(0)
    save_file(
        {
            prefix + name: (0.02 * torch.randn(one.shape) + ("norm" in name and "weight" in name)).to(torch.bfloat16)
            for prefix, part in parts.items()
            for name, one in part.state_dict().items()
        },
        path,
    )


def smolvlm_gguf(folder: Path) -> Path:
    """SmolVLM-256M in 8 bits."""
    folder.mkdir(parents=True, exist_ok=True)
    marks = (*tiny.MARKS, *gguf_files.EYE_MARKS)
    words, template = folder / "words-Q8_0.gguf", gguf_files.IDEFICS3
    if not words.exists():
        _once(words, lambda path: gguf_files.language(path, gguf_files.SMOLLM2_135M, "Q8_0", marks, template))
    if not (folder / "mmproj-Q8_0.gguf").exists():
        _once(folder / "mmproj-Q8_0.gguf", lambda path: gguf_files.eyes(path, gguf_files.SMOLVLM_EYES, "Q8_0"))
    return folder


def smolvlm_torch(folder: Path) -> Path:
    """SmolVLM-256M as transformers has it, in bfloat16."""
    from tests import vlms

    if not (folder / "model.safetensors").exists():
        folder.mkdir(parents=True, exist_ok=True)
        vlms.smolvlm_256m(folder)
    return folder


def _once(path: Path, make: Any) -> None:
    """Make a file under another name first, so that half a file is never taken for a whole one."""
    half = path.with_suffix(".half")
    make(half)
    half.rename(path)


def _so400m(path: Path) -> None:
    """SigLIP so400m and OmniVision's projector onto 896 numbers, by the names of the published file."""
    from gguf import GGUFWriter

    writer, chance = GGUFWriter(path, "siglip"), np.random.default_rng(0)
    writer.add_uint32("siglip.vision.image_size", 384)
    writer.add_uint32("siglip.vision.attention.head_count", 16)
    writer.add_float32("siglip.vision.attention.layer_norm_epsilon", 1e-6)

    def linear(name: str, *shape: int) -> None:
        random = chance.standard_normal(shape, np.float32) * np.float32(0.02)
        writer.add_tensor(f"{name}.weight", random.astype(np.float16))
        writer.add_tensor(f"{name}.bias", np.zeros(shape[0], np.float32))

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(1152, np.float32))
        writer.add_tensor(f"{name}.bias", np.zeros(1152, np.float32))

    linear("v.patch_embd", 1152, 3, 14, 14)
    writer.add_tensor("v.position_embd.weight", chance.standard_normal((729, 1152), np.float32) * np.float32(0.02))
    for layer in range(27):
        for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
            linear(f"v.blk.{layer}.{part}", 1152, 1152)
        linear(f"v.blk.{layer}.ffn_down", 4304, 1152)  # the published file has these two the other way round
        linear(f"v.blk.{layer}.ffn_up", 1152, 4304)
        norm(f"v.blk.{layer}.ln1")
        norm(f"v.blk.{layer}.ln2")
    norm("v.post_ln")
    linear("mm.0", 4096, 9 * 1152)
    linear("mm.2", 896, 4096)
    gguf_files.written(writer)
