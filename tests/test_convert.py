"""A GGUF model is converted once, when it is pulled; what cannot be converted is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant import convert, models
from pipelines import weights
from tests import gguf_files
from tests.pulls import entry, file_line
from tests.test_models import A, home

__all__ = ["home"]


def test_a_conversion_that_cannot_be_done_is_refused_before_the_fetch(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "models.toml").write_text(entry("tiny", "file", file_line("tiny.gguf", A), convert="gguf"))
    monkeypatch.setattr(convert.importlib.util, "find_spec", lambda name: None if name == "gguf" else object())
    with pytest.raises(models.WeightsError, match=r'needs gguf: pip install "omni-assistant\[embedded\]"'):
        models.pull("tiny", print)


def test_a_gguf_model_becomes_one_that_loads_at_once_and_speaks_the_same(home: Path) -> None:
    if lacking := convert.missing():
        pytest.skip(lacking)
    from transformers import AutoModelForCausalLM, AutoTokenizer

    write_gguf(home / "tiny.gguf")
    content = (home / "tiny.gguf").read_bytes()
    (home / "models.toml").write_text(entry("tiny", "file", file_line("tiny.gguf", content), convert="gguf"))
    models.pull("tiny", print)
    folder = weights.find("tiny")
    assert not list(folder.glob("*.gguf"))
    assert models.verify("tiny", print)

    before = AutoModelForCausalLM.from_pretrained(home, gguf_file="tiny.gguf", dtype="bfloat16")
    after = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="bfloat16")
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    chat = [{"role": "user", "content": "then in here"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\nthen in here<|im_end|>\n<|im_start|>assistant\n"
    words = tokenizer(text, return_tensors="pt", add_special_tokens=False)
    assert tokenizer.decode(words["input_ids"][0]) == text
    assert after.generation_config.eos_token_id == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert (before(**words).logits == after(**words).logits).all()


def test_a_gguf_file_that_is_none_is_told_in_one_line_and_leaves_nothing(home: Path) -> None:
    if lacking := convert.missing():
        pytest.skip(lacking)
    (home / "bad.gguf").write_bytes(b"GGUF of another kind")
    line = file_line("bad.gguf", b"GGUF of another kind")
    (home / "models.toml").write_text(entry("bad", "file", line, convert="gguf"))
    with pytest.raises(models.WeightsError, match=r"bad\.gguf cannot be converted: .+") as caught:
        models.pull("bad", print)
    assert "\n" not in str(caught.value)
    assert not list(home.glob("models/*"))


CHAT = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def write_gguf(path: Path) -> None:
    """A llama of two layers with random weights, a byte-level tokenizer and a chat template."""
    from gguf import GGUFWriter

    writer = GGUFWriter(path, "llama")
    writer.add_name("tiny")
    shape = gguf_files.Decoder(
        kind="llama", context=256, width=32, layers=2, hidden=48, heads=4, key_heads=2, rope=10000.0, epsilon=1e-5
    )
    gguf_files.add_shape(writer, shape)
    write_tokenizer(writer)
    write_tensors(writer)
    gguf_files.written(writer)


def write_tokenizer(writer) -> None:  # type: ignore[no-untyped-def]
    from tokenizers.pre_tokenizers import ByteLevel

    words = [*sorted(ByteLevel.alphabet()), "he", "Ġt", "in", "<|im_start|>", "<|im_end|>"]
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(words)
    writer.add_token_types([1] * (len(words) - 2) + [3, 3])
    writer.add_token_merges(["h e", "Ġ t", "i n"])
    writer.add_bos_token_id(len(words) - 2)
    writer.add_eos_token_id(len(words) - 1)
    writer.add_chat_template(CHAT)


def write_tensors(writer) -> None:  # type: ignore[no-untyped-def]
    import numpy as np

    chance = np.random.default_rng(0)
    shapes = {"attn_q": (32, 32), "attn_k": (16, 32), "attn_v": (16, 32), "attn_output": (32, 32)}
    shapes |= {"ffn_gate": (48, 32), "ffn_up": (48, 32), "ffn_down": (32, 48)}
    writer.add_tensor("token_embd.weight", chance.normal(0, 0.5, (261, 32)).astype(np.float16))
    for layer in range(2):
        for name, shape in shapes.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", chance.normal(0, 0.5, shape).astype(np.float16))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", np.ones(32, np.float32))
    writer.add_tensor("output_norm.weight", np.ones(32, np.float32))
