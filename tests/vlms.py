"""Checkpoints of native image-text models, made in code: the files a hub would hold, the weights random."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from devices.media import Frame
from tests import tiny

IMAGE = "<image>"
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% for part in m.content %}{% if part.type == 'image' %}IMAGE{% else %}{{ part.text }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""A template in ChatML whose pictures stand where it says IMAGE."""

TEXT: dict[str, Any] = {
    "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 2048, "tie_word_embeddings": False, "initializer_range": 0.3,
}  # fmt: skip
VISION: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "initializer_range": 0.3,
}  # fmt: skip

Shape = Mapping[str, Mapping[str, Any]]
IDEFICS: Shape = {"text": TEXT, "vision": VISION | {"image_size": 32, "patch_size": 8}, "whole": {"scale_factor": 2}}
SMOLVLM_256M: Shape = {
    "text": {
        "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
        "num_key_value_heads": 3, "max_position_embeddings": 8192, "vocab_size": 49280, "initializer_range": 0.04,
    },
    "vision": {
        "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
        "image_size": 512, "patch_size": 16,
    },
    "whole": {"scale_factor": 4},
}  # fmt: skip


def llava(folder: Path, **text: Any) -> Path:
    """LLaVA with a SigLIP tower of 4 tokens and a Qwen2 decoder, whose configuration `text` alters."""
    import transformers

    words = _words([IMAGE], IMAGE, image_token=IMAGE)
    config = transformers.LlavaConfig(
        vision_config=transformers.SiglipVisionConfig(**VISION, image_size=28, patch_size=14),
        text_config=transformers.Qwen2Config(**(TEXT | _ids(words) | text)),
        image_token_id=words.convert_tokens_to_ids(IMAGE),
        vision_feature_select_strategy="full", vision_feature_layer=-1, tie_word_embeddings=False,
    )  # fmt: skip
    images = transformers.SiglipImageProcessorPil(size={"height": 28, "width": 28})
    told = {"patch_size": 14, "vision_feature_select_strategy": "full", "num_additional_image_tokens": 0}
    return _saved(folder, config, (images, words), {"processor_class": "LlavaProcessor", **told})


def idefics3(folder: Path) -> Path:
    """The form of SmolVLM 256M and 500M: tiles of 32 pixels, 4 tokens each, up to 4 × 4 of them unless told not to."""
    return _idefics(folder, "Idefics3")


def smolvlm(folder: Path) -> Path:
    """The form of SmolVLM2, whose processor wants a video part."""
    return _idefics(folder, "SmolVLM")


def smolvlm_256m(folder: Path) -> Path:
    """Every shape as SmolVLM-256M-Instruct has it, 256.5 M parameters in bfloat16; random weights, 600 words."""
    return _idefics(folder, "Idefics3", SMOLVLM_256M, dtype="bfloat16")


def qwen2_5_vl(folder: Path) -> Path:
    """Pictures of any size, and positions in three dimensions; its processor wants a video part."""
    import transformers

    pad, start, end = "<|image_pad|>", "<|vision_start|>", "<|vision_end|>"
    words = _words([pad, start, end, "<|video_pad|>"], start + pad + end)
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            **TEXT, **_ids(words),
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 2, 2], "rope_theta": 10000.0},
        },
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 14,
            "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": 48, "window_size": 56,
            "fullatt_block_indexes": [1], "initializer_range": 0.3,
        },
        image_token_id=words.convert_tokens_to_ids(pad), vision_start_token_id=words.convert_tokens_to_ids(start),
        vision_end_token_id=words.convert_tokens_to_ids(end),
        video_token_id=words.convert_tokens_to_ids("<|video_pad|>"), tie_word_embeddings=False,
    )  # fmt: skip
    images = transformers.Qwen2VLImageProcessorPil(size={"shortest_edge": 28 * 28, "longest_edge": 1003520})
    return _saved(folder, config, (images, words), {"processor_class": "Qwen2_5_VLProcessor"})


def florence2(folder: Path) -> Path:
    """An encoder-decoder with tasks instead of questions."""
    import transformers

    places = [f"<loc_{place}>" for place in range(0, 1000, 25)]
    words = _words(["<s>", "<pad>", "</s>", IMAGE, *places], "", vocabulary=700, image_token=IMAGE)
    words.add_special_tokens({"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"})
    ids = {"bos_token_id": 3, "pad_token_id": 4, "eos_token_id": 5, "decoder_start_token_id": 5}
    config = transformers.Florence2Config(
        vision_config={
            "embed_dim": [8, 16], "num_heads": [1, 2], "num_groups": [1, 2], "depths": [1, 1],
            "patch_size": [7, 3], "patch_stride": [4, 2], "patch_padding": [3, 1], "patch_prenorm": [False, True],
            "window_size": 4, "projection_dim": 32, "initializer_range": 0.3,
        },
        text_config=transformers.BartConfig(
            vocab_size=len(words), d_model=32, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=48,
            decoder_ffn_dim=48, encoder_attention_heads=2, decoder_attention_heads=2, max_position_embeddings=512,
            forced_bos_token_id=3, init_std=0.3, tie_word_embeddings=False, **ids,
        ),
        image_token_id=words.convert_tokens_to_ids(IMAGE), tie_word_embeddings=False, **ids,
    )  # fmt: skip
    images = transformers.CLIPImageProcessorPil(
        size={"height": 64, "width": 64}, do_center_crop=False, do_resize=True, image_seq_length=65
    )
    answers: dict[str, Any] = {"post_processor_config": {"pure_text": {}, "description_with_bboxes": {}, "ocr": {}}}
    return _saved(folder, config, (images, words), {"processor_class": "Florence2Processor"} | answers)


NATIVE: Mapping[str, Callable[[Path], Path]] = {
    "llava": llava, "idefics3": idefics3, "smolvlm": smolvlm, "qwen2_5_vl": qwen2_5_vl,
}  # fmt: skip
"""The small chat models that see."""


def loaded(folder: Path, **options: Any) -> Any:
    """The model of a folder, as the captioner `hf` loads it."""
    from pipelines.captioners.hf import Hf

    return Hf(weights=str(folder), threads=1, **({"max_answer": 12} | options)).load()


def frame(seed: int = 0, shape: tuple[int, int] = (90, 120)) -> Frame:
    """Noise; another seed, another picture."""
    return Frame(np.random.default_rng(seed).integers(0, 255, (*shape, 3), np.uint8), 0.0, "desk")


def idefics_config(kind: str, shape: Shape, words: Any, **more: Any) -> Any:
    """The configuration of an `Idefics3` or a `SmolVLM` whose tokenizer is `words`."""
    import transformers

    return getattr(transformers, f"{kind}Config")(
        vision_config=dict(shape["vision"]), text_config={"model_type": "llama", **_ids(words), **shape["text"]},
        image_token_id=words.convert_tokens_to_ids(IMAGE), pad_token_id=words.pad_token_id,
        tie_word_embeddings=False, **shape["whole"], **more,
    )  # fmt: skip


def idefics_words() -> Any:
    """A tokenizer with the marks of tiles."""
    marks = ["<end_of_utterance>", "<fake_token_around_image>", "<global-img>", IMAGE]
    return _words([*marks, *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5))], IMAGE)


def _idefics(folder: Path, kind: str, shape: Shape = IDEFICS, **more: Any) -> Path:
    import transformers

    words = idefics_words()
    config = idefics_config(kind, shape, words, **more)
    side = shape["vision"]["image_size"]
    images = getattr(transformers, f"{kind}ImageProcessorPil")(
        size={"longest_edge": 4 * side}, max_image_size={"longest_edge": side}, do_image_splitting=True
    )
    seen = (side // shape["vision"]["patch_size"]) ** 2 // config.scale_factor**2
    return _saved(folder, config, (images, words), {"processor_class": f"{kind}Processor", "image_seq_len": seen})


def _words(marks: list[str], image: str, vocabulary: int = 600, **named: str) -> Any:
    """A tokenizer that knows the marks; `image` is what its template writes for a picture."""
    words = tiny.tokenizer([*tiny.MARKS, *marks], template=CHATML.replace("IMAGE", image), vocabulary=vocabulary)
    words.add_special_tokens({"pad_token": "<|endoftext|>", "additional_special_tokens": [*tiny.MARKS, *marks]})
    words._set_model_specific_special_tokens(named)
    return words


def _ids(words: Any) -> dict[str, Any]:
    """What a text configuration must know of its tokenizer."""
    return {
        "vocab_size": len(words), "bos_token_id": None, "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }  # fmt: skip


def _saved(folder: Path, config: Any, parts: tuple[Any, Any], told: Mapping[str, Any]) -> Path:
    """Model, image processor and tokenizer as files; a processor's own save would want its video part."""
    import torch
    import transformers

    torch.manual_seed(0)
    model = transformers.AutoModelForImageTextToText.from_config(config, dtype=config.dtype or torch.float32)
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    for part in parts:
        part.save_pretrained(folder)
    (folder / "processor_config.json").write_text(json.dumps(told))
    return folder
