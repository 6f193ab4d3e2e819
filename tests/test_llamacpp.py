"""llama.cpp as an engine: its cache, embeddings among the tokens, and files that are none; random weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from devices.media import Frame
from pipelines.backends import BackendError, Exchange, Look
from pipelines.language.engine import Limits, Reader, stream, tokens
from pipelines.language.spans import Picture, Span, Tokens
from tests import gguf_files, tiny

pytest.importorskip("llama_cpp")
pytest.importorskip("gguf")

from pipelines.captioners import llamacpp as captioner
from pipelines.language import llamacpp
from pipelines.language.llamacpp import LlamaCpp
from pipelines.vision.engines import finish
from tests.small import captioner_llamacpp

IDS = (71, 68, 75, 90, 78, 10, 11, 12)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return gguf_files.language(tmp_path_factory.mktemp("gguf") / "words.gguf")


@pytest.fixture
def engine(file: Path) -> Iterator[LlamaCpp]:
    made = llamacpp.from_file(file, threads=1, context=512)
    yield made
    made.close()


def embeddings(file: Path) -> Any:
    import gguf

    return np.array(next(one for one in gguf.GGUFReader(file).tensors if one.name == "token_embd.weight").data)


def picture(file: Path, ids: tuple[int, ...], whole: bool = False) -> Picture:
    return Picture(str(ids), np.ascontiguousarray(embeddings(file)[list(ids)], np.float32), whole)


def test_embeddings_of_words_among_the_words_are_read_like_the_words(engine: LlamaCpp, file: Path) -> None:
    as_words = engine.read([Tokens(IDS)])
    assert engine.keep(0) == 0
    among = engine.read([Tokens(IDS[:2]), picture(file, IDS[2:6]), Tokens(IDS[6:])])
    assert np.abs(as_words - among).max() < 1e-4
    engine.keep(0)
    assert np.abs(as_words - engine.read([picture(file, IDS)])).max() < 1e-4, "a picture at the end of a prompt"


def test_what_is_kept_and_read_on_is_what_is_read_afresh(engine: LlamaCpp) -> None:
    afresh = engine.read([Tokens(IDS)])
    engine.read([Tokens((40, 41, 42))])
    assert engine.keep(5) == 5
    assert np.abs(engine.read([Tokens(IDS[5:])]) - afresh).max() < 1e-4


def test_prompts_longer_than_one_pass_are_read_in_several(engine: LlamaCpp, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = engine.read([Tokens(IDS * 4)])
    monkeypatch.setattr(llamacpp, "BATCH", 5)
    engine.keep(0)
    assert np.abs(engine.read([Tokens(IDS * 4)]) - at_once).max() < 1e-4


def test_it_says_what_transformers_says_of_the_same_file(engine: LlamaCpp, file: Path) -> None:
    torch = pytest.importorskip("torch")
    from pipelines.language.gguf import from_gguf
    from pipelines.language.loading import Placed

    other = from_gguf(file, 1, Placed(torch.device("cpu"), torch.float32))
    text = "<|im_start|>user\nWhat do you see? 你好<|im_end|>\n"
    assert engine.encode(text) == other.encode(text)
    assert engine.decode(engine.encode(text)) == other.decode(other.encode(text)) == "user\nWhat do you see? 你好\n"
    asked = [{"role": "user", "content": "What do you see?"}]
    assert engine.chat(asked) == tiny_chat(asked)
    spans: list[Span] = [Tokens(tuple(engine.encode(text))), picture(file, (300, 301, 302)), Tokens((5, 6))]
    assert np.abs(engine.read(spans) - other.read(spans)).max() < 2e-2
    drawn = [list(tokens(Reader(one), spans, Limits(12))) for one in (engine, other)]
    assert drawn[0] == drawn[1]
    assert other.ends <= engine.ends


def tiny_chat(messages: list[dict[str, str]]) -> str:
    return str(tiny.tokenizer().apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def test_rows_that_see_each_other_are_read_without_order(engine: LlamaCpp, file: Path) -> None:
    torch = pytest.importorskip("torch")
    from pipelines.language.gguf import from_gguf
    from pipelines.language.loading import Placed

    other = from_gguf(file, 1, Placed(torch.device("cpu"), torch.float32))
    spans = [Tokens((9, 8)), picture(file, IDS, whole=True), Tokens((5, 6))]
    seen = engine.read(spans)
    assert np.abs(seen - other.read(spans)).max() < 2e-2
    engine.keep(0)
    assert np.abs(seen - engine.read([Tokens((9, 8)), picture(file, IDS), Tokens((5, 6))])).max() > 0.1


def test_a_prompt_with_the_same_beginning_is_read_from_where_it_differs(engine: LlamaCpp) -> None:
    reader, afresh = Reader(engine), engine.read([Tokens(IDS)])
    engine.keep(0)
    reader.read([Tokens((*IDS[:6], 99, 98, 97))])
    assert np.abs(reader.read([Tokens(IDS)]) - afresh).max() < 1e-4
    closed = stream(reader, [Tokens(IDS)], Limits(20))
    next(closed)
    closed.close()
    assert np.abs(reader.read([Tokens(IDS)]) - afresh).max() < 1e-4


def test_text_that_is_longer_than_expected_is_decoded_whole(engine: LlamaCpp) -> None:
    assert engine.encode("") == []
    assert engine.decode([]) == ""
    assert engine.decode(engine.encode("a word " * 400)) == "a word " * 400


def test_more_than_it_holds_is_one_line(engine: LlamaCpp) -> None:
    with pytest.raises(BackendError, match="600 tokens, the model takes 512"):
        Reader(engine).read([Tokens((5,) * 600)])
    with pytest.raises(BackendError, match="cannot read on"):
        engine.read([Tokens((5,) * 600)])


def test_a_file_that_is_damaged_or_absent_is_one_line(file: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(file.read_bytes()[:-5000])
    with pytest.raises(BackendError, match=r"cut\.gguf is damaged"):
        llamacpp.from_file(cut, 1)
    with pytest.raises(BackendError, match="there is no file"):
        llamacpp.from_file(tmp_path / "absent.gguf", 1)
    with pytest.raises(BackendError, match="0 GGUF files"):
        llamacpp.model_file(tmp_path / "empty")


def test_a_model_without_a_template_is_no_chat(tmp_path: Path) -> None:
    bare = llamacpp.from_file(gguf_files.language(tmp_path / "bare.gguf", template=None), 1, 256)
    with pytest.raises(BackendError, match="no chat template"):
        bare.chat([{"role": "user", "content": "hello"}])
    told = llamacpp.from_file(gguf_files.language(tmp_path / "told.gguf", template="{{ raise_exception('no') }}"), 1)
    with pytest.raises(BackendError, match="does not take this conversation: no"):
        told.chat([{"role": "user", "content": "hello"}])


@pytest.fixture(scope="module")
def vlm(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return captioner.LlamaCpp(**captioner_llamacpp.make(tmp_path_factory.mktemp("vlm"))).load()


def frame(seed: int) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 255, (40, 60, 3), np.uint8), 0.0, "desk")


def test_eyes_put_their_marks_around_one_tile(vlm: Any) -> None:
    request = Look(frame(1), "And now?", (Exchange("What is it?", "A ball."),))
    spans = vlm.spans(vlm.written(request), picture_of(vlm, frame(1)))
    engine = vlm.reader.engine
    assert [len(span) for span in spans][1] == (32 // 8) ** 2 // 2**2
    assert spans[0].ids[-2:] == tuple(engine.encode("<fake_token_around_image><global-img>"))
    assert spans[2].ids[0] == engine.encode("<fake_token_around_image>")[0]
    written = engine.decode([*spans[0].ids, *spans[2].ids])
    assert written == "User: What is it?\nAssistant: A ball.\nUser: And now?\nAssistant:"


def picture_of(vlm: Any, frame: Frame) -> Picture:
    made: Picture = finish(vlm.picture(frame))
    return made


def test_a_frame_is_encoded_once_and_answers_hang_on_the_frame(vlm: Any) -> None:
    first = "".join(vlm.look(Look(frame(1), "What is it?")))
    rows = picture_of(vlm, frame(1)).rows
    assert "".join(vlm.look(Look(frame(2), "What is it?"))) != first
    assert picture_of(vlm, frame(1)).rows is rows
    assert "".join(vlm.look(Look(frame(1), "What is it?"))) == first


@pytest.mark.parametrize("option", [{"device": "cuda"}, {"precision": "float32"}])
def test_what_llama_cpp_cannot_heed_is_no_option_of_it(option: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        captioner.LlamaCpp.model_validate({"weights": "x"} | option)


def test_eyes_that_do_not_belong_to_the_model_are_refused(tmp_path: Path) -> None:
    given = captioner_llamacpp.make(tmp_path)
    gguf_files.eyes(tmp_path / "mmproj-words.gguf", gguf_files.Eyes(onto=32))
    with pytest.raises(BackendError, match="does not belong to this language model"):
        captioner.LlamaCpp(**given).load()
    (tmp_path / "mmproj-words.gguf").unlink()
    with pytest.raises(BackendError, match=r"holds 0 mmproj\*\.gguf files"):
        captioner.LlamaCpp(**given).load()


def test_a_program_that_ends_with_a_model_in_hand_ends_without_noise(tmp_path: Path) -> None:
    given = captioner_llamacpp.make(tmp_path)
    program = f"from pipelines.captioners.llamacpp import LlamaCpp; held = LlamaCpp(**{given!r}).load()"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
