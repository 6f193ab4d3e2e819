"""OmniVision of random weights, as safetensors or as the pair of GGUF files in which it was published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import gguf_files, tiny

MARKS = (*tiny.MARKS, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|ocr_start|>", "<|ocr_end|>")
IMAGE, PATCH, HEADS = 90, 14, 2
"""Of 90 pixels, patches of 14 cover 84, as of the real 384 they cover 378: 6×6 patches, 4 strips of 9."""
WIDTH, HIDDEN, LAYERS, PROJECTED = 32, 40, 2, 24


def make(folder: Path) -> dict[str, Any]:
    safetensors(folder, *weights())
    return options(folder)


def options(path: Path) -> dict[str, Any]:
    return {"weights": str(path), "threads": 1, "max_tokens": 12, "device": "cpu"}


def weights(group: int = 9) -> tuple[Any, Any, Any]:
    """Tower and projector, language model, tokenizer."""
    import torch

    from pipelines.captioners.omnivision_parts import Eyes
    from pipelines.vision.vit import VitShape

    words = tiny.tokenizer(MARKS)
    language = tiny.decoder("Qwen2", words)
    torch.manual_seed(1)
    eyes = Eyes(VitShape(WIDTH, HIDDEN, LAYERS, HEADS, IMAGE, PATCH), PROJECTED, 48, group).eval()
    torch.nn.init.normal_(eyes.connector.linear_2.weight)  # loud enough that answers differ from picture to picture
    return eyes, language, words


def safetensors(folder: Path, eyes: Any, language: Any, words: Any, new: bool = False) -> Path:
    """The checkpoint as transformers writes LLaVA's: with the names of its versions from 4.52 on, or before."""
    from safetensors.torch import save_file

    given = dict(_renamed_for_transformers(eyes, language, new))
    save_file({name: tensor.contiguous() for name, tensor in given.items()}, folder / "model.safetensors")
    vision = {"image_size": IMAGE, "num_attention_heads": HEADS, "layer_norm_eps": 1e-6}
    config = {"model_type": "llava", "vision_config": vision, "text_config": language.config.to_dict()}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    words.save_pretrained(folder)
    return folder


def _renamed_for_transformers(eyes: Any, language: Any, new: bool) -> Any:
    import torch

    prefix = "model." if new else ""
    inner = "" if new else "model."
    for name, tensor in eyes.state_dict().items():
        part, _, rest = name.partition(".")
        yield (
            prefix + {"tower": "vision_tower.vision_model.", "connector": "multi_modal_projector."}[part] + rest,
            tensor,
        )
    for name, tensor in language.model.state_dict().items():
        yield f"{prefix}language_model.{inner}{name}", tensor
    yield f"{prefix}vision_tower.vision_model.head.probe", torch.zeros(1)
    if not language.config.tie_word_embeddings:
        yield "lm_head.weight" if new else "language_model.lm_head.weight", language.lm_head.weight.detach()


_BLOCK = {
    "layer_norm1": "ln1", "layer_norm2": "ln2", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.out_proj": "attn_out", "mlp.fc1": "ffn_down", "mlp.fc2": "ffn_up",
}  # fmt: skip
_OUTER = {
    "tower.embeddings.patch_embedding": "v.patch_embd", "tower.embeddings.position_embedding": "v.position_embd",
    "tower.post_layernorm": "v.post_ln", "connector.linear_1": "mm.0", "connector.linear_2": "mm.2",
}  # fmt: skip
_DECODER = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip


def gguf_pair(folder: Path, eyes: Any, language: Any, words: Any) -> Path:
    """The checkpoint as it was published: `mmproj-*.gguf` beside the language model."""
    _projector(folder / "mmproj-omni-vlm-f32.gguf", eyes)
    _decoder(folder / "Nano-Vlm-Processor-F32.gguf", language, words)
    return folder


def _projector(path: Path, eyes: Any) -> None:
    import numpy as np
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "siglip")
    writer.add_uint32("siglip.vision.image_size", IMAGE)
    writer.add_uint32("siglip.vision.attention.head_count", HEADS)
    writer.add_float32("siglip.vision.attention.layer_norm_epsilon", 1e-6)
    writer.add_bool("siglip.has_omni_vlm_projector", True)
    for name, tensor in eyes.state_dict().items():
        writer.add_tensor(_name(name, "tower.encoder.layers.", "v.blk.", _OUTER, _BLOCK), tensor.numpy())
    writer.add_tensor("v.head.probe", np.zeros(4, np.float32))
    gguf_files.written(writer)


def _decoder(path: Path, language: Any, words: Any) -> None:
    from gguf import GGUFWriter

    config, writer = language.config, GGUFWriter(path, "qwen2")
    shape = gguf_files.Decoder(
        kind="qwen2", context=config.max_position_embeddings, width=config.hidden_size,
        layers=config.num_hidden_layers, hidden=config.intermediate_size, heads=config.num_attention_heads,
        key_heads=config.num_key_value_heads, rope=config.rope_parameters["rope_theta"], epsilon=config.rms_norm_eps,
    )  # fmt: skip
    gguf_files.add_shape(writer, shape)
    _add_vocabulary(writer, words)
    outer = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    for name, tensor in language.state_dict().items():
        writer.add_tensor(_name(name, "model.layers.", "blk.", outer, _DECODER), tensor.numpy())
    gguf_files.written(writer)


def _add_vocabulary(writer: Any, words: Any) -> None:
    vocabulary, model = words.get_vocab(), json.loads(words.backend_tokenizer.to_str())["model"]
    names = sorted(vocabulary, key=vocabulary.__getitem__)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(names)
    writer.add_token_types([3 if name in MARKS else 1 for name in names])
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_eos_token_id(vocabulary["<|im_end|>"])


def _name(name: str, blocks: str, short: str, outer: dict[str, str], inner: dict[str, str]) -> str:
    stem, _, kind = name.rpartition(".")
    if stem in outer:
        return f"{outer[stem]}.{kind}"
    number, _, part = stem.removeprefix(blocks).partition(".")
    return f"{short}{number}.{inner[part]}.{kind}"
