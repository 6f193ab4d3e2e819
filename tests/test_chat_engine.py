"""The language model's engine on a tiny checkpoint made here: it streams, stops, and reads a known beginning once."""

from __future__ import annotations

import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from pipelines import backends, weights
from pipelines.backends import BackendError, Exchange, Prompt
from pipelines.chats.local import TextChat
from pipelines.chats.smollm2 import SmolLM2
from pipelines.chats.transformers import Transformers
from pipelines.language.causal import Causal
from pipelines.language.engine import tokens
from pipelines.language.sampling import goes_round
from pipelines.language.spans import Tokens, known
from tests import tiny
from tests.test_convert import write_gguf

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.chat_checkpoint(tmp_path_factory.mktemp("models") / "tiny", "Llama")


def chat(checkpoint: Path, **options: Any) -> TextChat:
    loaded = backends.load(Transformers(weights=str(checkpoint), threads=1, device="cpu", **options), "chat")
    assert isinstance(loaded, TextChat)
    return loaded


def made(model: TextChat, asked: Prompt) -> list[int]:
    return list(tokens(model.reader, model.spans(asked), model._limits))


def prompt(question: str, *history: Exchange) -> Prompt:
    return Prompt("Be brief and kind.", history, (), question, 0.0)


def scripted(monkeypatch: pytest.MonkeyPatch, tokens: list[int]) -> list[int]:
    """Let the model say these tokens; the list that is returned fills with those it was asked for."""
    asked: list[int] = []

    def choose(*args: Any) -> int:
        asked.append(tokens[len(asked)])
        return asked[-1]

    monkeypatch.setattr("pipelines.language.engine.choose", choose)
    return asked


def test_the_answer_is_what_transformers_own_generation_gives(checkpoint: Path) -> None:
    ours = chat(checkpoint, max_tokens=7)
    engine = ours.reader.engine
    assert isinstance(engine, Causal)
    inputs = torch.tensor([ours.spans(prompt("what do you see"))[0].ids])
    expected = engine.model.generate(inputs, max_new_tokens=7, do_sample=False)[0, inputs.shape[1] :]
    assert made(ours, prompt("what do you see")) == list(
        takewhile(lambda token: token not in engine.ends, expected.tolist())
    )


def test_a_prompt_that_begins_alike_is_read_from_where_it_differs_and_answered_the_same(checkpoint: Path) -> None:
    warm, cold = chat(checkpoint, max_tokens=12), chat(checkpoint, max_tokens=12)
    list(warm.reply(prompt("what do you see")))
    second = prompt("what else", Exchange("what do you see", "a ball"))
    asked = warm.spans(second)
    assert known(warm.reader.positions, asked) > len("Be brief")
    assert made(warm, second) == made(cold, second)


def test_a_pass_that_fails_leaves_nothing_half_read(checkpoint: Path) -> None:
    reader = chat(checkpoint).reader
    reader.read([Tokens((3, 4, 5))])
    with pytest.raises(IndexError):
        reader.on(10**6)
    assert reader.positions == []
    again = reader.read([Tokens((3, 4, 5, 6))])
    assert (again == chat(checkpoint).reader.read([Tokens((3, 4, 5, 6))])).all()


def test_a_letter_of_several_tokens_comes_whole(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = chat(checkpoint)
    tokens = model.reader.engine.tokenizer.encode("né 🍝好", add_special_tokens=False)
    scripted(monkeypatch, [*tokens, model.reader.engine.tokenizer.eos_token_id])
    pieces = list(model.reply(prompt("hello")))
    assert "".join(pieces) == "né 🍝好"
    assert "🍝" in pieces
    assert not any("\ufffd" in piece for piece in pieces)


def test_each_mark_that_ends_a_turn_ends_the_answer(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for mark in ("<|im_end|>", "<|endoftext|>"):
        model = chat(checkpoint)
        scripted(
            monkeypatch, [*model.reader.engine.tokenizer.encode("yes"), model.reader.engine.tokenizer.get_vocab()[mark]]
        )
        assert "".join(model.reply(prompt("hello"))) == "yes"


def test_closing_the_answer_ends_the_work_at_the_next_token(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = chat(checkpoint)
    asked = scripted(monkeypatch, model.reader.engine.tokenizer.encode("a red ball, a red ball, a red ball"))
    answer = model.reply(prompt("what do you see"))
    next(answer)
    answer.close()
    assert len(asked) == 1


def test_the_longest_answer_is_kept_to(checkpoint: Path) -> None:
    model = chat(checkpoint, max_tokens=3)
    assert len(made(model, prompt("hello"))) <= 3


def test_going_round_in_circles_is_noticed() -> None:
    assert goes_round([7, *[1, 2, 3, 4] * 6], copies=3)
    assert not goes_round([7, *[1, 2, 3, 4] * 5], copies=3)
    assert goes_round([*range(10), *range(10)], copies=2)
    assert not goes_round([*range(10), *range(10)], copies=3)
    assert not goes_round(list(range(40)), copies=2)
    assert goes_round([5] * 16, copies=2)
    assert not goes_round([], copies=2)


def test_a_list_of_like_items_is_no_circle() -> None:
    egg, ham = [10, 11, 12, 13, 14, 15, 16, 17, 1, 18], [10, 11, 12, 13, 14, 15, 16, 17, 2, 18]
    assert not goes_round([*egg, *ham, *egg, *ham[:9]], copies=3)


def test_an_answer_ends_where_another_prompt_was_read(checkpoint: Path) -> None:
    model = chat(checkpoint)
    answer = model.reply(prompt("what do you see"))
    next(answer)
    next(model.reply(prompt("what else")))
    with pytest.raises(BackendError, match="another prompt in the middle of its answer"):
        list(answer)


def test_a_folder_that_is_no_model_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(BackendError, match="cannot be read, pull it anew") as caught:
        chat(tmp_path)
    assert "\n" not in str(caught.value)


def test_weights_that_were_not_pulled_are_named_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    with pytest.raises(BackendError, match="omni models pull smollm2"):
        SmolLM2().load()


def test_a_gguf_file_or_the_folder_of_one_is_a_chat_too(tmp_path: Path) -> None:
    pytest.importorskip("gguf")
    write_gguf(tmp_path / "tiny.gguf")
    answers = {
        "".join(chat(path, max_tokens=9, precision="float32").reply(prompt("hi")))
        for path in (tmp_path, tmp_path / "tiny.gguf")
    }
    assert len(answers) == 1
    write_gguf(tmp_path / "other.gguf")
    with pytest.raises(BackendError, match="holds 2 GGUF files: name one of them"):
        chat(tmp_path)


def test_a_model_that_does_not_fit_is_refused_before_it_is_read(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.room.free", lambda: 200 << 20)
    monkeypatch.setattr("transformers.AutoModelForCausalLM.from_pretrained", lambda *a, **k: pytest.fail("was read"))
    with pytest.raises(BackendError, match=r"tiny needs 0\.0 GB of memory, 0\.2 GB are free: choose a smaller model"):
        chat(checkpoint)


def test_code_in_a_checkpoint_is_not_even_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny.chat_checkpoint(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    strange = config | {"model_type": "strange", "auto_map": {"AutoConfig": "code.Config"}}
    (folder / "config.json").write_text(json.dumps(strange))
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("it asked on the terminal"))
    with pytest.raises(BackendError, match="cannot be read"):
        chat(folder)


def test_the_real_model_knows_a_capital() -> None:
    try:
        weights.find("smollm2")
    except BackendError as error:
        pytest.skip(str(error))
    said = "".join(SmolLM2(max_tokens=12).load().reply(prompt("What is the capital of France?")))
    assert "Paris" in said
