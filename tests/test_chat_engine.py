"""The language model's engine on a tiny checkpoint made here: it streams, stops, and reads a known beginning once."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from pipelines import weights
from pipelines.backends import BackendError, Exchange, Prompt
from pipelines.chats.smollm2 import CausalChat, Reading, SmolLM2, alike, goes_round

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two thin layers with random weights, and a byte-level tokenizer."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = _tokenizer()
    shape = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, tie_word_embeddings=True, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.eos_token_id, initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    bpe.train_from_iterator(["system user assistant", "what do you see, a red ball"], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>")
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def chat(checkpoint: Path, **options: Any) -> CausalChat:
    return CausalChat(checkpoint, SmolLM2(threads=1, **options))


def prompt(question: str, *history: Exchange) -> Prompt:
    return Prompt("Be brief and kind.", history, (), question, 0.0)


def scripted(model: CausalChat, monkeypatch: pytest.MonkeyPatch, tokens: list[int]) -> list[int]:
    """Let the model say these tokens; the list that is returned fills with those it was asked for."""
    asked: list[int] = []

    def choose(scores: Any, temperature: float) -> int:
        asked.append(tokens[len(asked)])
        return asked[-1]

    monkeypatch.setattr("pipelines.chats.smollm2.choose", choose)
    return asked


def test_the_answer_is_what_transformers_own_generation_gives(checkpoint: Path) -> None:
    ours = chat(checkpoint, max_tokens=7)
    inputs = torch.tensor([ours._encode(prompt("what do you see"))])
    expected = ours._model.generate(inputs, max_new_tokens=7, do_sample=False)[0, inputs.shape[1] :]
    made = list(ours._tokens(inputs[0].tolist()))
    assert made == list(takewhile(lambda token: token not in ours._ends, expected.tolist()))


def test_a_prompt_that_begins_alike_is_read_from_where_it_differs_and_answered_the_same(checkpoint: Path) -> None:
    warm, cold = chat(checkpoint, max_tokens=12), chat(checkpoint, max_tokens=12)
    list(warm.reply(prompt("what do you see")))
    second = prompt("what else", Exchange("what do you see", "a ball"))
    tokens = warm._encode(second)
    unread = warm._read.rewind(list(tokens))
    assert len(unread) < len(tokens) - len("Be brief")
    assert list(warm._tokens(tokens)) == list(cold._tokens(tokens))


def test_a_pass_that_fails_leaves_nothing_half_read(checkpoint: Path) -> None:
    model = chat(checkpoint)
    reading = Reading(model._model)
    reading.on([3, 4, 5])
    with pytest.raises(IndexError):
        reading.on([10**6])
    assert reading.rewind([3, 4, 5, 6]) == [3, 4, 5, 6]


def test_a_letter_of_several_tokens_comes_whole(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = chat(checkpoint)
    tokens = model._tokenizer.encode("né 🍝好", add_special_tokens=False)
    scripted(model, monkeypatch, [*tokens, model._tokenizer.eos_token_id])
    pieces = list(model.reply(prompt("hello")))
    assert "".join(pieces) == "né 🍝好"
    assert "🍝" in pieces
    assert not any("\ufffd" in piece for piece in pieces)


def test_each_mark_that_ends_a_turn_ends_the_answer(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for mark in ("<|im_end|>", "<|endoftext|>"):
        model = chat(checkpoint)
        scripted(model, monkeypatch, [*model._tokenizer.encode("yes"), model._tokenizer.get_vocab()[mark]])
        assert "".join(model.reply(prompt("hello"))) == "yes"


def test_closing_the_answer_ends_the_work_at_the_next_token(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = chat(checkpoint)
    asked = scripted(model, monkeypatch, model._tokenizer.encode("a red ball, a red ball, a red ball"))
    answer = model.reply(prompt("what do you see"))
    next(answer)
    answer.close()
    assert len(asked) == 1


def test_the_longest_answer_is_kept_to(checkpoint: Path) -> None:
    model = chat(checkpoint, max_tokens=3)
    assert len(list(model._tokens(model._encode(prompt("hello"))))) <= 3


def test_going_round_in_circles_is_noticed() -> None:
    assert goes_round([1, 2, 3, 4] * 3, 1)
    assert not goes_round(list(range(20)), 20)
    assert alike([1, 2, 3], [1, 2, 4]) == 2
    assert alike([], [1]) == 0


def test_a_folder_that_is_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(BackendError, match="cannot be read, pull them anew") as caught:
        CausalChat(tmp_path, SmolLM2())
    assert "\n" not in str(caught.value)


def test_weights_that_were_not_pulled_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    with pytest.raises(BackendError, match="omni models pull smollm2"):
        SmolLM2().load()


def test_the_real_model_knows_a_capital() -> None:
    try:
        weights.find("smollm2")
    except BackendError as error:
        pytest.skip(str(error))
    said = "".join(SmolLM2(max_tokens=12).load().reply(prompt("What is the capital of France?")))
    assert "Paris" in said
