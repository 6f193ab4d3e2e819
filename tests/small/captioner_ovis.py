"""Ovis1.6 of random weights: the layout of the published checkpoint, a thousandth of its size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests import tiny

MARKS = ("<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>")
TEXT = {
    "num_key_value_heads": 2,
    "head_dim": 12,
    "query_pre_attn_scalar": 12,
    "sliding_window": 1024,
    "pad_token_id": 0,
}
TOWER = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 56,
    "patch_size": 14,
}  # fmt: skip
WORDS = 40


def make(folder: Path, stride: int = 2) -> dict[str, Any]:
    import torch
    from safetensors.torch import save_file

    from pipelines.vision.ovis import OvisShape, VisualTable
    from pipelines.vision.vit import Vit, VitShape

    words = tiny.tokenizer(MARKS, end="<end_of_turn>")
    words.pad_token = "<pad>"
    words.save_pretrained(folder)
    decoder = tiny.decoder("Gemma2", words, **TEXT)
    torch.manual_seed(3)
    tower = Vit(VitShape(32, 64, 2, 2, 56, 14))
    table = VisualTable(OvisShape(32, WORDS, 48, stride))
    tensors = {f"llm.{name}": tensor.clone() for name, tensor in decoder.state_dict().items()}
    tensors |= {
        f"visual_tokenizer.backbone.vision_model.{name}": one.clone() for name, one in tower.state_dict().items()
    }
    tensors |= {f"visual_tokenizer.head.{name}": one.clone() for name, one in table.head.state_dict().items()}
    tensors["vte.weight"] = table.vte.weight.detach().clone()
    save_file(tensors, folder / "model.safetensors")
    visual = {"backbone_config": TOWER, "vocab_size": WORDS, "hidden_stride": stride}
    told = {
        "model_type": "ovis", "torch_dtype": "float32", "auto_map": {"AutoConfig": "configuration_ovis.OvisConfig"},
         "llm_config": decoder.config.to_dict(),
        "visual_tokenizer_config": visual,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(told, default=str))
    return {"weights": str(folder), "threads": 1, "max_tokens": 8}
