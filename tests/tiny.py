"""Checkpoints of a thousandth of a model's size, made in code: the architecture is real, the weights are random."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

CORPUS = [
    "Describe what you see in one short sentence.",
    "What is in the picture? A red ball on the table.",
    "system\nYou are a helpful assistant.\nuser\nassistant\n",
    "Question: what do you see\n\nAnswer: a red ball, a blue square, two green circles on the left",
    "你好，请描述这张图片。图里有一只猫。",
]
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def tokenizer(
    marks: Sequence[str] = MARKS, end: str = "<|im_end|>", template: str = CHATML, vocabulary: int = 600
) -> Any:
    """A byte-level tokenizer that knows these marks."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(marks), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    bpe.train_from_iterator(CORPUS * 3, trainer)
    made = transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=end)
    made.chat_template = template
    return made


def decoder(kind: str, tokenizer: Any, **more: Any) -> Any:
    """A `*ForCausalLM` of two thin layers: `Qwen2`, `Mistral`, `Granite`, … Random weights."""
    import torch
    import transformers

    shape = {
        "vocab_size": len(tokenizer), "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 2048,
        "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.eos_token_id,
        "initializer_range": 0.3,
    }  # fmt: skip
    config = getattr(transformers, f"{kind}Config")(**(shape | more))
    torch.manual_seed(0)
    return getattr(transformers, f"{kind}ForCausalLM")(config).eval()


def chat_checkpoint(folder: Path, kind: str = "Qwen2", **more: Any) -> Path:
    """A text model with its tokenizer, saved as `from_pretrained` takes it."""
    words = tokenizer()
    decoder(kind, words, **more).save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
