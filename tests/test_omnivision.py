"""OmniVision: what its files say is what it does, whichever form they have, and what is wrong with them is one line."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devices.media import Frame
from pipelines import backends, room
from pipelines.backends import BackendError, Exchange, Look
from pipelines.captioners.omnivision import OmniVision, prompting, without_header
from pipelines.captioners.split import PICTURE, SplitVlm
from pipelines.language.spans import Picture, Tokens
from tests import tiny
from tests.small import captioner_omnivision as small

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("gguf")

from pipelines.captioners import omnivision_parts  # noqa: E402
from pipelines.captioners.omnivision_parts import Eyes  # noqa: E402
from pipelines.language.loading import Placed  # noqa: E402
from pipelines.vision.compiled import CompiledVision  # noqa: E402
from pipelines.vision.engines import finish  # noqa: E402
from pipelines.vision.pictures import normalised, square  # noqa: E402
from pipelines.vision.vit import VitShape  # noqa: E402

QUESTION = "What is in the picture?"
START = (
    "<|im_start|>system\nYou are Nano-Omni-VLM, created by Nexa AI. You are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n"
)


def load(path: Path, **more: Any) -> SplitVlm:
    loaded: SplitVlm = backends.load(OmniVision(**(small.options(path) | more)), "captioner")
    return loaded


def frame(seed: int = 0) -> Frame:
    return Frame(np.random.default_rng(seed).integers(0, 255, (60, 80, 3), np.uint8), 0.0, "desk")


def ask(model: SplitVlm, seed: int = 0, question: str = QUESTION, history: tuple[Exchange, ...] = ()) -> str:
    return "".join(model.look(Look(frame(seed), question, history, max_tokens=16)))


def rows(model: SplitVlm, seed: int = 0) -> Any:
    return finish(model.see(Image.fromarray(frame(seed).pixels)))


@pytest.fixture(scope="module")
def parts() -> tuple[Any, Any, Any]:
    return small.weights()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, parts: Any) -> Path:
    return small.safetensors(tmp_path_factory.mktemp("omnivision"), *parts)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, parts: Any) -> Path:
    return small.gguf_pair(tmp_path_factory.mktemp("omnivision-gguf"), *parts)


def test_all_forms_of_the_same_weights_say_the_same(checkpoint: Path, pair: Path, parts: Any, tmp_path: Path) -> None:
    eyes, language, words = parts
    forms = [load(checkpoint), load(pair), load(small.safetensors(tmp_path, eyes, language, words, new=True))]
    for seed in range(3):
        said = [ask(model, seed) for model in forms]
        assert said[0]
        assert said == said[:1] * 3
        assert all(np.abs(rows(model, seed) - rows(forms[0], seed)).max() < 1e-5 for model in forms)
    assert ask(forms[0], 0) != ask(forms[0], 1)


def test_rows_are_strips_of_nine_patches_in_raster_order_and_no_squares(checkpoint: Path, parts: Any) -> None:
    eyes = parts[0]
    pixels = torch.from_numpy(normalised(square(Image.fromarray(frame().pixels), small.IMAGE))[None])
    with torch.inference_mode():
        patches = eyes.tower(pixels)[0].reshape(6, 6, small.WIDTH)
        strips = [torch.cat([patches[at // 6, at % 6] for at in range(start, start + 9)]) for start in (0, 9, 18, 27)]
        squares = [patches[y : y + 3, x : x + 3].reshape(-1) for y in (0, 3) for x in (0, 3)]

        def projected(groups: list[Any]) -> Any:
            return eyes.connector.linear_2(torch.nn.functional.gelu(eyes.connector.linear_1(torch.stack(groups))))

        seen = rows(load(checkpoint))
        assert np.abs(seen - projected(strips).numpy()).max() < 1e-4
        assert np.abs(seen - projected(squares).numpy()).max() > 0.1


@pytest.mark.skipif(sys.platform != "linux", reason="what is mapped is told by Linux only")
def test_a_tower_that_was_compiled_leaves_its_file(parts: Any, tmp_path: Path) -> None:
    found = omnivision_parts.find(small.safetensors(tmp_path, *parts))
    eyes = omnivision_parts._eyes(found, Placed(torch.device("cpu"), torch.float32))
    see = omnivision_parts.seeing(eyes, CompiledVision([]))
    assert str(tmp_path) in Path("/proc/self/maps").read_text()
    del eyes
    gc.collect()
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()
    assert see


def test_at_full_size_it_has_the_published_parameters_and_shapes() -> None:
    def count(module: Any) -> int:
        return sum(tensor.numel() for tensor in module.parameters())

    with torch.device("meta"):
        eyes = Eyes(VitShape(), 4096, 896, 9)
        unused = transformers.SiglipVisionModel(transformers.SiglipVisionConfig(
            hidden_size=1152, intermediate_size=4304, num_hidden_layers=1, num_attention_heads=16
        )).head  # fmt: skip
        language = transformers.Qwen2ForCausalLM(transformers.Qwen2Config(
            vocab_size=151936, hidden_size=896, intermediate_size=4864, num_hidden_layers=24, num_attention_heads=14,
            num_key_value_heads=2, tie_word_embeddings=True,
        ))  # fmt: skip
        features = eyes.tower(torch.zeros((1, 3, 384, 384)))
        assert features.shape == (1, 729, 1152)
        assert eyes.connector.linear_1.in_features == 10368
        assert eyes.connector(features).shape == (1, eyes.rows, 896) == (1, 81, 896)
    assert round((count(eyes) + count(unused) + count(language)) / 1e6, 1) == 968.4


def test_the_preview_is_llava_given_the_tower_whole(tmp_path: Path) -> None:
    """LLaVA takes what comes before the closing normalisation, so the reference is given what comes after it."""
    reference, words = _llava()
    reference.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    model = load(tmp_path, variant="preview")
    question = f"\n<|vision_start|>{PICTURE}<|vision_end|>{QUESTION}<|im_end|>"
    before, after = (words.encode(text) for text in (START + question).split(PICTURE))
    seen = rows(model)
    assert seen.shape == (36, 48)
    ours = model.reader.read([Tokens(tuple(before)), Picture("one", seen), Tokens(tuple(after))])

    pixels = torch.from_numpy(normalised(square(Image.fromarray(frame().pixels), small.IMAGE))[None])
    with torch.inference_mode():
        ids = torch.tensor([[*before, *[reference.config.image_token_id] * 36, *after]])
        features = reference.model.vision_tower(pixels).last_hidden_state
        features = reference.model.multi_modal_projector(features)
        embedded = reference.get_input_embeddings()(ids).masked_scatter(
            (ids == reference.config.image_token_id)[..., None], features
        )
        expected = reference(inputs_embeds=embedded).logits[0, -1].numpy()
        made = reference.generate(inputs_embeds=embedded, max_new_tokens=8, do_sample=False)[0]
    assert np.abs(ours - expected).max() < 1e-4
    said = "".join(without_header(iter([words.decode(made, skip_special_tokens=True)])))
    assert "".join(model.look(Look(frame(), QUESTION, max_tokens=8))) == said


def _llava() -> tuple[Any, Any]:
    words = tiny.tokenizer(small.MARKS)
    vision = transformers.SiglipVisionConfig(
        hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2, image_size=small.IMAGE,
        patch_size=small.PATCH, vision_use_head=False,
    )  # fmt: skip
    text = tiny.decoder("Qwen2", words).config
    config = transformers.LlavaConfig(
        vision_config=vision, text_config=text, image_token_id=words.convert_tokens_to_ids("<|image_pad|>"),
        vision_feature_select_strategy="full", projector_hidden_act="gelu",
    )  # fmt: skip
    torch.manual_seed(3)
    model = transformers.LlavaForConditionalGeneration(config).eval()
    torch.nn.init.normal_(model.model.multi_modal_projector.linear_2.weight)
    return model, words


def test_what_was_read_before_changes_no_answer(checkpoint: Path) -> None:
    warm = load(checkpoint)
    history = (Exchange(QUESTION, "A ball."),)
    asked = [
        (0, QUESTION, ()),
        (0, "Is it red?", ()),
        (0, "And now?", history),
        (1, QUESTION, ()),
        (0, "Is it red?", ()),
    ]
    for seed, question, before in asked:
        cold = load(checkpoint)
        assert ask(warm, seed, question, before) == ask(cold, seed, question, before)


def test_the_stream_is_the_caption(checkpoint: Path) -> None:
    model = load(checkpoint)
    assert " ".join("".join(model.describe(frame())).split()) == " ".join(model.caption(frame()).text.split())


def written(variant: Any, order: Any = "first", name: str = "omnivision", history: Any = ()) -> str:
    return prompting(variant, order, name).write("Is it red?", history)


def test_prompts_are_those_of_the_release() -> None:
    eyes = f"<|vision_start|>{PICTURE}<|vision_end|>"
    assert written("auto") == f"{START}\n{eyes}Is it red?<|im_end|>"
    assert written("auto", "last") == f"{START}Is it red?\n{eyes}<|im_end|>"
    ocr = f"{START} <|ocr_start|>{eyes}<|ocr_end|><|im_end|>"
    assert written("ocr") == written("auto", name="omnivision-OCR/model.gguf") == ocr
    assert written("instruct", name="ocr") == written("preview") == written("auto")


def test_further_questions_are_further_turns_after_the_picture() -> None:
    told = written("auto", history=[Exchange("What is it?", "A ball.")])
    assert told == (
        f"{START}\n<|vision_start|>{PICTURE}<|vision_end|>What is it?<|im_end|>\n"
        "<|im_start|>assistant\nA ball.<|im_end|>\n<|im_start|>user\nIs it red?<|im_end|>"
    )
    assert told.startswith(prompting("auto", "first", "").write("What is it?", ()))


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (["\n", "", "assistant", "\n", "A", " ball."], ["", "", "", "", "A", " ball.", ""]),
        (["\nassistant\nA ball."], ["A ball.", ""]),
        (["assist", "ance is", " here\n"], ["", "assistance is", " here\n", ""]),
        (["A", " ball.", "\nassistant\n"], ["A", " ball.", "\nassistant\n", ""]),
        (["\n", "assistant"], ["", "", "assistant"]),
        ([], [""]),
    ],
)
def test_the_header_that_the_model_writes_is_not_shown(pieces: list[str], said: list[str]) -> None:
    shown = list(without_header(iter(pieces)))
    assert "".join(shown) == "".join(said)
    assert len(shown) >= len(pieces)


def damaged(folder: Path, pattern: str) -> Iterator[str]:
    for file in folder.glob(pattern):
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        yield refused(folder)
        file.write_bytes(whole)


def refused(path: Path, **more: Any) -> str:
    with pytest.raises(BackendError) as caught:
        load(path, **more)
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_files_that_are_cut_off_are_named_in_one_line(parts: Any, tmp_path: Path) -> None:
    (tmp_path / "pair").mkdir()
    (tmp_path / "folder").mkdir()
    lines = [
        *damaged(small.gguf_pair(tmp_path / "pair", *parts), "*.gguf"),
        *damaged(small.safetensors(tmp_path / "folder", *parts), "*.safetensors"),
    ]
    assert len(lines) == 3
    assert all("is damaged" in line and "pull it anew" in line for line in lines)


def test_what_is_no_checkpoint_is_said_in_one_line(checkpoint: Path, pair: Path, tmp_path: Path) -> None:
    assert "holds no *.safetensors and no *.gguf" in refused(tmp_path)
    assert "it is not the preview" in refused(checkpoint, variant="preview")
    (tmp_path / "one.gguf").write_bytes((next(pair.glob("Nano*"))).read_bytes())
    assert "1 language models and 0 mmproj files" in refused(tmp_path)
    (tmp_path / "text").mkdir()
    assert "is no OmniVision" in refused(tiny.chat_checkpoint(tmp_path / "text"))


def test_one_of_several_language_models_is_chosen_by_its_file(pair: Path, parts: Any, tmp_path: Path) -> None:
    small.gguf_pair(tmp_path, *parts)
    language = next(tmp_path.glob("Nano*"))
    (tmp_path / "other.gguf").write_bytes(language.read_bytes())
    assert "2 language models" in refused(tmp_path)
    assert ask(load(language)) == ask(load(pair))


def test_a_model_larger_than_memory_is_refused_before_it_is_read(
    pair: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free", lambda: room.SPARE)
    for path in (pair, checkpoint):
        assert "needs 0.0 GB of memory" in refused(path)
    monkeypatch.setattr(room, "free", lambda: room.SPARE + 700_000)
    load(pair)
