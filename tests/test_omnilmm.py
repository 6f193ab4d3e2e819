"""OmniLMM-12B and OmniLMM-3B with random weights: how they are loaded and asked, and the chat of their makers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from shutil import copytree
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from PIL import Image

from devices.media import Frame
from pipelines import backends, checkpoints, room
from pipelines.backends import BackendError, Exchange, Look
from pipelines.captioners.omnilmm import OmniLmm, OmniLMMChat, img2base64
from pipelines.captioners.omnilmm_prompts import HERE, PICTURE, SYSTEM, as_one, minicpm, zephyr
from pipelines.captioners.split import SplitVlm
from tests.small import captioner_omnilmm as small

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from pipelines.captioners import omnilmm_parts as parts  # noqa: E402
from pipelines.language.loading import Placed  # noqa: E402
from pipelines.vision.engines import TorchVision, finish  # noqa: E402

MAKERS = {"3B": small.make, "12B": small.make_12b}
Made = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Options of a small checkpoint, "3B" or "12B"."""
    known: dict[str, dict[str, Any]] = {}

    def get(size: str) -> dict[str, Any]:
        if size not in known:
            known[size] = MAKERS[size](tmp_path_factory.mktemp(size))
        return known[size]

    return get


def load(options: dict[str, Any]) -> SplitVlm:
    loaded: SplitVlm = backends.load(OmniLmm(**options), "captioner")
    return loaded


def frame(seed: int = 0) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 255, (40, 60, 3), np.uint8), 0.0, "desk")


@pytest.mark.parametrize("size", MAKERS)
def test_a_checkpoint_is_loaded_sees_and_streams(size: str, made: Made) -> None:
    model = load(made(size))
    pieces = list(model.look(Look(frame(), "what do you see")))
    assert pieces[:2] == ["", ""], "a pause at each of the tower's two blocks"
    assert len([piece for piece in pieces if piece]) > 1
    answers = {"".join(model.look(Look(frame(seed), "what do you see"))) for seed in range(3)}
    assert "".join(pieces) in answers
    assert len(answers) > 1, "the picture has no part in the answer"


@pytest.mark.parametrize("size", MAKERS)
def test_it_is_computed_in_the_half_precision_it_was_saved_in(size: str, made: Made) -> None:
    model = load(made(size) | {"precision": "auto"})
    engine: Any = model.reader.engine
    assert engine.model.dtype == torch.bfloat16
    assert "".join(model.describe(frame()))


@pytest.mark.parametrize("size", MAKERS)
def test_what_is_cached_says_the_same_token_for_token(size: str, made: Made) -> None:
    history = (Exchange("what do you see", "a red ball"),)
    warm, fresh = load(made(size)), load(made(size))
    list(warm.look(Look(frame(), "what do you see")))
    again = Look(frame(), "and on the left", history)
    assert list(warm.look(again))[-5:] == list(fresh.look(again))[-5:]
    assert warm.reader.positions == fresh.reader.positions


def test_the_3b_undoes_the_multiplier_in_its_rows(made: Made) -> None:
    folder = Path(made("3B")["weights"])
    told, image = checkpoints.config(folder), Image.fromarray(frame().pixels)
    anatomy, on = parts.ANATOMIES["3B"], Placed(torch.device("cpu"), torch.float32)
    eyes = parts.eyes_of(anatomy, dict(checkpoints.tensors(folder)), told, on)
    see = parts.seeing(TorchVision(eyes.tower, 1), eyes, anatomy, 1.0)
    rows = finish(load(made("3B")).see(image))
    assert rows.shape == (small.QUERIES, small.WIDTH)
    assert np.abs(rows * told["scale_emb"] - finish(see(image))).max() < 1e-5


def test_the_12b_is_asked_in_the_words_of_zephyr() -> None:
    assert zephyr("And now?", (Exchange("What is it?", "A map."),)) == (
        f"<|system|>\n{SYSTEM}</s>\n<|user|>\n<im_start>{PICTURE}<im_end>\nWhat is it?</s>\n"
        "<|assistant|>\nA map.</s>\n<|user|>\nAnd now?</s>\n<|assistant|>\n"
    )
    assert f"Here <im_start>{PICTURE}<im_end> it is" in zephyr(f"Here {HERE} it is", ())


def test_the_3b_is_asked_in_the_words_of_minicpm() -> None:
    assert minicpm("现在呢？", (Exchange("这是什么？", "一张地图。"),)) == (
        f"<用户><image>{PICTURE}</image>\n这是什么？<AI>一张地图。<用户>现在呢？<AI>"
    )


@pytest.mark.parametrize(("size", "stands"), [("3B", "<unk>"), ("12B", "<im_patch>")])
def test_a_prompt_is_cut_as_a_whole_and_begins_with_the_begin(size: str, stands: str, made: Made) -> None:
    model = load(made(size))
    engine: Any = model.reader.engine
    list(model.look(Look(frame(), "is it red")))
    whole = engine.encode({"3B": minicpm, "12B": zephyr}[size]("is it red", ()).replace(PICTURE, stands))
    words = [unit for unit in model.reader.positions if isinstance(unit, int)]
    expected = [engine.tokenizer.bos_token_id, *(token for token in whole if token != engine.encode(stands)[0])]
    assert words[: len(expected)] == expected
    rows = [unit for unit in model.reader.positions if not isinstance(unit, int)]
    assert len(rows) == small.QUERIES
    assert model.reader.positions.index(rows[0]) == 1 + whole.index(engine.encode(stands)[0])


def test_no_space_comes_in_where_the_picture_is() -> None:
    class Spacing:
        """Puts a space before every text, as tokenizers made from SentencePiece do."""

        def encode(self, text: str) -> list[int]:
            return list(f" {text}".encode())

    engine: Any = Spacing()
    assert as_one(1, "@")(engine, "see ", "this") == ([1, *b" see "], [*b"this"])
    assert as_one(None, "@")(engine, "see ", "this") == ([*b" see "], [*b"this"])


def test_marks_that_the_tokenizer_of_the_12b_lacks_are_added(made: Made) -> None:
    engine: Any = load(made("12B")).reader.engine
    rows = len(engine.model.get_input_embeddings().weight)
    assert [engine.encode(mark) for mark in ("<im_patch>", "<im_start>", "<im_end>")] == [
        [rows - 3],
        [rows - 2],
        [rows - 1],
    ]


# --- as its makers call it ---


@pytest.fixture
def photo(media: Path) -> Path:
    return media / "images" / "ski-coffee.png"


@pytest.mark.parametrize("name", ["openbmb/OmniLMM-12B", "openbmb/MiniCPM-V"])
def test_two_rounds_about_a_photo(name: str, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    make, pulled = {"B": (small.make_12b, "omnilmm-12b"), "V": (small.make, "omnilmm-3b")}[name[-1]]
    make(tmp_path / "models" / pulled)

    chat_model = OmniLMMChat(name, max_answer=12)
    im_64 = img2base64(photo)
    msgs = [{"role": "user", "content": "What is interesting about this image?"}]
    answer = chat_model.process({"image": im_64, "question": json.dumps(msgs)})
    msgs.append({"role": "assistant", "content": answer})
    msgs.append({"role": "user", "content": "Where is China in the image"})
    inputs = {"image": im_64.decode(), "question": json.dumps(msgs)}
    second = chat_model.process(inputs)

    assert answer
    assert second
    assert chat_model.chat(inputs) == second, "the same seed draws the same"
    assert OmniLMMChat(name, max_answer=12).chat(inputs) == second, "what was read before changes nothing"
    others = {OmniLMMChat(name, max_answer=12, seed=seed).chat(inputs) for seed in range(1, 4)}
    assert others != {second}, "it draws by chance"


def test_its_makers_way_to_draw_is_the_default_of_the_chat_alone(made: Made) -> None:
    drawn = [OmniLMMChat(made(size)["weights"]).model.options for size in MAKERS]
    assert [(o.sampling.temperature, o.sampling.top_p, o.sampling.top_k, o.max_answer) for o in drawn] == [
        (0.7, 0.8, 100, 2048),
        (0.6, 0.9, 30, 1024),
    ]
    assert drawn[1].sampling.repetition_penalty == 1.1
    assert OmniLmm().sampling.temperature == 0


def test_messages_become_a_question_and_what_was_said_before(made: Made, tmp_path: Path) -> None:
    Image.new("RGB", (32, 32), "red").save(tmp_path / "red.png")
    looked: list[Look] = []

    class Listening:
        def look(self, request: Look) -> Iterator[str]:
            looked.append(request)
            return iter([" A ", "ball. "])

    chat_model = OmniLMMChat(made("3B")["weights"])
    chat_model.model = Listening()  # type: ignore[assignment]
    said = ["What is in <image>?", "A ball.", "Which colour?", "Red.", "Sure?"]
    msgs = [{"role": "assistant" if at % 2 else "user", "content": content} for at, content in enumerate(said)]
    assert chat_model.chat({"image": img2base64(tmp_path / "red.png"), "question": json.dumps(msgs)}) == "A ball."
    assert looked[0].question == "Sure?"
    assert looked[0].history == (Exchange(f"What is in {HERE}?", "A ball."), Exchange("Which colour?", "Red."))
    assert (looked[0].frame.pixels == [255, 0, 0]).all()


@pytest.mark.parametrize("image", [b"bm90IGEgcGljdHVyZQ==", "%%%", None, 5])
def test_what_is_no_picture_is_answered_as_it_always_was(image: Any, made: Made) -> None:
    question = json.dumps([{"role": "user", "content": "What is it?"}])
    assert OmniLMMChat(made("3B")["weights"]).chat({"image": image, "question": question}) == "Image decode error"


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("What is it?", "no JSON list"),
        (None, "no JSON list"),
        ('[{"role": "user"}]', "no JSON list"),
        ("[" * 100_000, "no JSON list"),
        ("[]", "take turns"),
        ('[{"role": "assistant", "content": "hello"}]', "take turns"),
    ],
)
def test_messages_that_are_none_are_one_line(question: Any, line: str, made: Made, tmp_path: Path) -> None:
    Image.new("RGB", (32, 32)).save(tmp_path / "dot.png")
    chat_model = OmniLMMChat(made("3B")["weights"])
    with pytest.raises(BackendError, match=line):
        chat_model.chat({"image": img2base64(tmp_path / "dot.png"), "question": question})


@pytest.mark.parametrize("side", [12_000, 30_000])
def test_a_picture_of_too_many_pixels_is_not_decoded(side: int, made: Made) -> None:
    file = BytesIO()
    Image.new("1", (side, 16)).save(file, "PNG")
    head = bytearray(file.getvalue())
    head[20:24] = side.to_bytes(4, "big")  # its height, which nothing but the head tells
    head[29:33] = crc32(head[12:29]).to_bytes(4, "big")
    chat_model = OmniLMMChat(made("3B")["weights"])
    with pytest.raises(BackendError, match=r"12000×12000: give one of at most 100 megapixels|is too large"):
        chat_model.chat({"image": base64.b64encode(bytes(head)), "question": "[]"})


# --- checkpoints in other forms, and bad ones ---


def test_shards_of_the_older_format_are_the_same_model(made: Made, tmp_path: Path) -> None:
    copytree(made("12B")["weights"], tmp_path, dirs_exist_ok=True)
    tensors = list(checkpoints.tensors(tmp_path))
    (tmp_path / "model.safetensors").unlink()
    names = [f"pytorch_model-0000{at}-of-00002.bin" for at in (1, 2)]
    for name, half in zip(names, (tensors[::2], tensors[1::2]), strict=True):
        torch.save(dict(half), tmp_path / name)
    index = {name: names[at % 2] for at, (name, _) in enumerate(tensors)}
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": index}))
    options = made("12B") | {"weights": str(tmp_path)}
    assert load(options).caption(frame()) == load(made("12B")).caption(frame())
    (tmp_path / names[1]).unlink()
    with pytest.raises(BackendError, match="lack"):
        load(options)


def _damaged(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    (folder / name).write_bytes(change((folder / name).read_bytes()))


def _told(folder: Path, **changed: Any) -> None:
    told = checkpoints.config(folder) | changed
    (folder / "config.json").write_text(json.dumps({name: value for name, value in told.items() if value is not None}))


BAD = {
    "damaged or no checkpoint": lambda folder: _damaged(folder, "model.safetensors", lambda all: all[: len(all) // 2]),
    "it holds no config.json": lambda folder: (folder / "config.json").unlink(),
    "it holds no .*safetensors": lambda folder: (folder / "model.safetensors").unlink(),
    "neither OmniLMM-12B nor": lambda folder: _told(folder, model_type="qwen2", architectures=["Qwen2ForCausalLM"]),
    "model_type = 'minicpmv'": lambda folder: _told(folder, slice_mode=True),
    "it lacks 'query_num'": lambda folder: _told(folder, query_num=None),
    "it lacks 'dim_model_base'": lambda folder: _told(folder, dim_model_base=None),
    "speaks of 9 rows": lambda folder: _told(folder, query_num=9),
    "the weights .* cannot be read": lambda folder: (folder / "tokenizer.json").write_text("{"),
}


@pytest.mark.parametrize("line", BAD)
def test_what_cannot_be_loaded_is_one_line(line: str, made: Made, tmp_path: Path) -> None:
    copytree(made("3B")["weights"], tmp_path, dirs_exist_ok=True)
    BAD[line](tmp_path)
    with pytest.raises(BackendError, match=line) as raised:
        load(made("3B") | {"weights": str(tmp_path)})
    assert "\n" not in str(raised.value)


def test_a_model_without_rows_for_its_marks_is_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="does not know <im_patch>"):
        parts.tokenizer_of(Path(made("12B")["weights"]), parts.MANNERS["12B"], rows=320)


@pytest.mark.skipif(find_spec("sentencepiece") is not None, reason="sentencepiece is installed")
def test_a_tokenizer_that_needs_sentencepiece_says_so(made: Made, tmp_path: Path) -> None:
    copytree(made("3B")["weights"], tmp_path, dirs_exist_ok=True)
    (tmp_path / "tokenizer.json").rename(tmp_path / "tokenizer.model")
    with pytest.raises(BackendError, match="pip install sentencepiece"):
        load(made("3B") | {"weights": str(tmp_path)})


def test_too_little_memory_is_told_before_anything_is_read(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "parameters", lambda folder: 11_615_720_192)
    monkeypatch.setattr(checkpoints, "tensors", lambda folder: pytest.fail("it reads the weights"))
    monkeypatch.setattr(room, "free", lambda: 8 * 10**9)
    with pytest.raises(BackendError, match=r"OmniLMM-12B .* needs 23\.9 GB of memory, 8\.0 GB are free"):
        load(made("12B") | {"precision": "auto"})
