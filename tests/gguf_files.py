"""GGUF files of random weights: a language model (Qwen2 or Llama), and the eyes of an Idefics3 for llama.cpp's mtmd."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests import tiny

EYE_MARKS = ("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
"""What llama.cpp looks for around an Idefics3's picture."""
IDEFICS3 = (
    "<|im_start|>{% for m in messages %}{{ m.role | capitalize }}: {% for part in m.content %}{{ part.text }}"
    "{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}"
)
"""A template that takes messages in parts only, as SmolVLM's does."""


@dataclass(frozen=True, slots=True)
class Decoder:
    """The shape of a language model. The default is as small as can be."""

    kind: str = "qwen2"
    width: int = 64
    hidden: int = 128
    layers: int = 2
    heads: int = 4
    key_heads: int = 2
    vocabulary: int = 0
    """0: as many as the small tokenizer has words; more: filled up with words that no text has."""
    context: int = 2048
    rope: float = 1e6
    epsilon: float = 1e-6


@dataclass(frozen=True, slots=True)
class Eyes:
    """The shape of a vision tower and of its projector onto `onto` numbers."""

    width: int = 32
    hidden: int = 64
    layers: int = 2
    heads: int = 2
    image: int = 32
    patch: int = 8
    onto: int = 64
    shuffle: int = 2
    """So many patches, squared, become one row."""


QWEN2_HALF_B = Decoder("qwen2", 896, 4864, 24, 14, 2, 151936, 32768)
SMOLLM2_135M = Decoder("llama", 576, 1536, 30, 9, 3, 49280, 8192, 1e5, 1e-5)
SMOLVLM_EYES = Eyes(768, 3072, 12, 12, 512, 16, 576, 4)


def language(
    path: Path,
    shape: Decoder = Decoder(),
    numbers: str = "F32",
    marks: Sequence[str] = tiny.MARKS,
    template: str | None = tiny.CHATML,
) -> Path:
    """Write a language model; `numbers` is the format of its matrices: F32, F16, Q8_0, Q4_0."""
    from gguf import GGUFWriter

    writer = GGUFWriter(path, shape.kind)
    add_shape(writer, shape)
    if template:
        writer.add_chat_template(template)
    size = _add_vocabulary(writer, marks, shape.vocabulary)
    tensors = _Tensors(writer, numbers, scale=0.3 / (shape.width / 64) ** 0.5)
    # Of a model in 4 bits, llama.cpp's own tool keeps the words that are both read and written in more.
    tensors.matrix("token_embd", size, shape.width, "Q8_0" if numbers == "Q4_0" else numbers)
    for layer in range(shape.layers):
        _add_layer(tensors, f"blk.{layer}", shape)
    tensors.ones("output_norm", shape.width)
    written(writer)
    return path


def eyes(path: Path, shape: Eyes = Eyes(), numbers: str = "F32") -> Path:
    """Write the `mmproj` file of an Idefics3 or SmolVLM."""
    from gguf import GGUFWriter, VisionProjectorType

    writer = GGUFWriter(path, "clip")
    writer.add_type("mmproj")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type(VisionProjectorType.IDEFICS3)
    writer.add_vision_projection_dim(shape.onto)
    writer.add_vision_image_size(shape.image)
    writer.add_vision_patch_size(shape.patch)
    writer.add_vision_embedding_length(shape.width)
    writer.add_vision_feed_forward_length(shape.hidden)
    writer.add_vision_block_count(shape.layers)
    writer.add_vision_head_count(shape.heads)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.5] * 3)
    writer.add_vision_attention_layernorm_eps(1e-6)
    writer.add_vision_projector_scale_factor(shape.shuffle)
    writer.add_vision_use_gelu(True)
    tensors = _Tensors(writer, numbers, scale=0.3 / (shape.width / 32) ** 0.5)
    tensors.plain("v.patch_embd.weight", shape.width, 3, shape.patch, shape.patch)
    tensors.plain("v.patch_embd.bias", shape.width)
    tensors.plain("v.position_embd.weight", (shape.image // shape.patch) ** 2, shape.width)
    for layer in range(shape.layers):
        _add_eye_layer(tensors, f"v.blk.{layer}", shape)
    tensors.norm("v.post_ln", shape.width)
    tensors.matrix("mm.model.fc", shape.onto, shape.width * shape.shuffle**2)
    written(writer)
    return path


class _Tensors:
    """Writes random tensors, one after the other."""

    def __init__(self, writer: Any, numbers: str, scale: float) -> None:
        self._writer, self._numbers, self._scale = writer, numbers, scale
        self._chance = np.random.default_rng(0)

    def matrix(self, name: str, rows: int, columns: int, numbers: str = "") -> None:
        from gguf import GGMLQuantizationType
        from gguf.quants import quantize

        kind = GGMLQuantizationType[numbers or self._numbers]
        self._writer.add_tensor(f"{name}.weight", quantize(self._random(rows, columns), kind), raw_dtype=kind)

    def linear(self, name: str, rows: int, columns: int) -> None:
        self.matrix(name, rows, columns)
        self.plain(f"{name}.bias", rows)

    def norm(self, name: str, width: int) -> None:
        self.ones(name, width)
        self.plain(f"{name}.bias", width)

    def ones(self, name: str, width: int) -> None:
        self._writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))

    def plain(self, name: str, *shape: int) -> None:
        self._writer.add_tensor(name, self._random(*shape))

    def _random(self, *shape: int) -> Any:
        return self._chance.standard_normal(shape, np.float32) * np.float32(self._scale)


def _add_layer(tensors: _Tensors, name: str, shape: Decoder) -> None:
    keys = shape.width // shape.heads * shape.key_heads
    project = tensors.linear if shape.kind == "qwen2" else tensors.matrix  # Llama's have no bias
    tensors.ones(f"{name}.attn_norm", shape.width)
    tensors.ones(f"{name}.ffn_norm", shape.width)
    project(f"{name}.attn_q", shape.width, shape.width)
    project(f"{name}.attn_k", keys, shape.width)
    project(f"{name}.attn_v", keys, shape.width)
    tensors.matrix(f"{name}.attn_output", shape.width, shape.width)
    tensors.matrix(f"{name}.ffn_gate", shape.hidden, shape.width)
    tensors.matrix(f"{name}.ffn_up", shape.hidden, shape.width)
    tensors.matrix(f"{name}.ffn_down", shape.width, shape.hidden)


def _add_eye_layer(tensors: _Tensors, name: str, shape: Eyes) -> None:
    for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
        tensors.linear(f"{name}.{part}", shape.width, shape.width)
    tensors.norm(f"{name}.ln1", shape.width)
    tensors.norm(f"{name}.ln2", shape.width)
    tensors.linear(f"{name}.ffn_up", shape.hidden, shape.width)
    tensors.linear(f"{name}.ffn_down", shape.width, shape.hidden)


def _add_vocabulary(writer: Any, marks: Sequence[str], size: int) -> int:
    """The small tokenizer's words, and what fills them up; how many they are."""
    words = tiny.tokenizer(marks)
    known, merges = words.get_vocab(), json.loads(words.backend_tokenizer.to_str())["model"]["merges"]
    names = sorted(known, key=known.__getitem__)
    names += [f"<word {number}>" for number in range(len(names), size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(names)
    writer.add_token_types([3 if name in marks else 1 for name in names])
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(known[marks[0]])
    writer.add_eos_token_id(known["<|im_end|>"])
    writer.add_add_bos_token(False)
    return len(names)


def add_shape(writer: Any, shape: Decoder) -> None:
    """What the head of a language model's file says of its sizes."""
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.key_heads)
    writer.add_rope_freq_base(shape.rope)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_layer_norm_rms_eps(shape.epsilon)


def written(writer: Any) -> None:
    """All that the writer was given, as its file."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
