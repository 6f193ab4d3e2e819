"""Ovis1.6 on a small checkpoint of random weights: how it cuts, how it sees, and its release's own interface."""

from __future__ import annotations

import json
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devices.media import Frame
from pipelines.backends import BackendError, Exchange, Look
from pipelines.captioners.ovis import Ovis, OvisOptions
from pipelines.vision.engines import finish
from pipelines.vision.partition import ATOM, best_grid, boxes, cut, padded, placeholders
from tests.small import captioner_ovis

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("ovis")
    captioner_ovis.make(made)
    return made


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return OvisOptions(weights=str(folder), threads=1, max_answer=10, precision="float32").load()


@pytest.fixture(scope="module")
def ovis(folder: Path) -> Any:
    """The parts that the model is made of."""
    from pipelines.captioners import ovis_model

    return ovis_model.load(folder, OvisOptions(weights=str(folder), threads=1, precision="float32"))


def photo(width: int = 90, height: int = 60, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))


def broken() -> Image.Image:
    """A picture, opened, whose file ends too soon: that shows when it is decoded."""
    whole = BytesIO()
    photo().save(whole, "PNG")
    return Image.open(BytesIO(whole.getvalue()[:-500]))


def frame(seed: int = 0) -> Frame:
    return Frame(np.asarray(photo(seed=seed)), 0.0, "desk")


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        ((384, 384), (1, 1)),
        ((200, 100), (1, 1)),
        ((768, 384), (1, 2)),
        ((384, 1152), (3, 1)),
        ((1280, 720), (2, 4)),
        ((4000, 4000), (3, 3)),
    ],
)
def test_the_smallest_grid_that_keeps_the_resolution(size: tuple[int, int], grid: tuple[int, int]) -> None:
    assert best_grid(size, 384, 9) == grid


@pytest.mark.parametrize("size", [(100, 100), (641, 359), (7, 900), (3001, 17)])
@pytest.mark.parametrize("grid", [(1, 1), (2, 3), (3, 2), (1, 7)])
def test_the_cells_cover_every_pixel_once(size: tuple[int, int], grid: tuple[int, int]) -> None:
    count = np.zeros((size[1], size[0]), int)
    for left, upper, right, lower in boxes(size, grid):
        count[upper:lower, left:right] += 1
    assert (count == 1).all()


def test_what_stands_for_a_picture_among_the_tokens() -> None:
    assert placeholders((1, 1)) == (-301, -300, -302, -305)
    assert placeholders((2, 2)) == (-301, -300, -302, -300, -303, -300, -304, -300, -303, -300, -305)
    assert placeholders((1, 3)).count(ATOM) == 4


def test_a_part_keeps_its_proportions_in_the_middle_of_zeros() -> None:
    square = padded(Image.new("RGB", (200, 100), (255, 255, 255)), 56)
    assert square.shape == (3, 56, 56)
    assert (square[:, 14:42] == 1).all()
    assert (square[:, :14] == 0).all()
    assert (square[:, 42:] == 0).all()


def test_rows_are_the_mean_of_visual_words_with_indicators_around(ovis: Any) -> None:
    """Against the definition, computed one patch after the other."""
    parts = cut(photo(), 56, 1)
    rows = finish(ovis.rows(parts)) / ovis.scale
    with torch.inference_mode():
        features = ovis.vision.tower(torch.from_numpy(parts.pixels))[0].reshape(4, 4, 32)
        expected = [ovis.table.vte.weight[-5], ovis.table.vte.weight[-4]]
        patches = []
        for row in range(0, 4, 2):
            for column in range(0, 4, 2):
                square = features[row : row + 2, column : column + 2].reshape(-1)
                chance = torch.softmax(ovis.table.head[1](ovis.table.head[0](square)), -1)
                patches.append(sum(chance[word] * ovis.table.vte.weight[word] for word in range(35)))
        expected[1:1] = patches
        expected.append(ovis.table.vte.weight[-1])
    assert np.abs(rows - torch.stack(expected).numpy()).max() < 1e-5


def test_gemma_enlarges_pictures_as_it_enlarges_words(ovis: Any, model: Any) -> None:
    """As when Ovis was trained: words and pictures go in as they are, and all are multiplied by √width."""
    engine = model.reader.engine
    rows = finish(ovis.rows(cut(photo(), 56, 1)))
    ids = engine.encode("<bos>what is it")
    spans = model.spans(model.written(Look(frame(), "what is it")), model_picture("p", rows))
    engine.keep(0)
    ours = engine.read(spans)
    weight = engine.model.get_input_embeddings().weight
    before, after = spans[0].ids, spans[2].ids
    raw = torch.cat([weight[list(before)], torch.from_numpy(rows) / ovis.scale, weight[list(after)]])
    with torch.inference_mode():
        expected = engine.model(inputs_embeds=raw[None] * 48**0.5).logits[0, -1].numpy()
    assert np.abs(ours - expected).max() < 1e-4
    assert ids[0] == before[0]


def model_picture(key: str, rows: Any) -> Any:
    from pipelines.language.spans import Picture

    return Picture(key, rows)


def test_a_second_question_is_answered_as_if_it_were_the_first(model: Any, folder: Path) -> None:
    history = (Exchange("what is it", "a ball"),)
    list(model.look(Look(frame(), "what is it")))
    warm = "".join(model.look(Look(frame(), "is it red", history)))
    cold = OvisOptions(weights=str(folder), threads=1, max_answer=10, precision="float32").load()
    assert "".join(cold.look(Look(frame(), "is it red", history))) == warm


def test_more_parts_are_more_rows(folder: Path) -> None:
    model = OvisOptions(weights=str(folder), threads=1, partitions=9).load()
    rows = finish(model.see(photo(240, 120)))
    grid = best_grid((240, 120), 56, 9)
    assert len(rows) == (grid[0] * grid[1] + 1) * 4 + len(placeholders(grid)) - placeholders(grid).count(ATOM)


def test_the_release_s_own_snippet_runs(folder: Path) -> None:
    model = Ovis.from_pretrained(
        str(folder), torch_dtype=torch.bfloat16, multimodal_max_length=1000, trust_remote_code=True
    ).cuda()
    text_tokenizer, visual_tokenizer = model.get_text_tokenizer(), model.get_visual_tokenizer()
    prompt, input_ids, pixel_values = model.preprocess_inputs("<image>\nwhat is it", [photo(240, 120)])
    assert prompt == "<bos><start_of_turn>user\n<image>\nwhat is it<end_of_turn>\n<start_of_turn>model\n"
    assert sum(input_ids == ATOM) == len(pixel_values)
    attention_mask = torch.ne(input_ids, text_tokenizer.pad_token_id)
    input_ids = input_ids.unsqueeze(0).to(device=model.device)
    attention_mask = attention_mask.unsqueeze(0).to(device=model.device)
    pixels = [pixel_values.to(dtype=visual_tokenizer.dtype, device=visual_tokenizer.device)]
    with torch.inference_mode():
        wanted = {
            "max_new_tokens": 6, "do_sample": False, "top_p": None, "top_k": None, "temperature": None,
            "repetition_penalty": None, "eos_token_id": model.generation_config.eos_token_id,
            "pad_token_id": text_tokenizer.pad_token_id, "use_cache": True,
        }  # fmt: skip
        output_ids = model.generate(input_ids, pixel_values=pixels, attention_mask=attention_mask, **wanted)[0]
    assert len(output_ids) <= 6
    assert isinstance(text_tokenizer.decode(output_ids, skip_special_tokens=True), str)


def test_the_facade_says_what_the_captioner_says(folder: Path, model: Any) -> None:
    facade = Ovis(str(folder), precision="float32", threads=1)
    _, ids, pixels = facade.preprocess_inputs("<image>\nwhat is it", [photo()], max_partition=1)
    made = facade.generate(ids[None], pixel_values=[pixels], max_new_tokens=10)[0].tolist()
    said = "".join(model.look(Look(frame(), "what is it")))
    assert facade.model.language.decode(made).startswith(said[:-1])


def test_images_that_are_not_as_many_as_their_marks_are_one_line(folder: Path) -> None:
    with pytest.raises(BackendError, match="the query has 2 <image>, but 1 images"):
        Ovis(str(folder), threads=1).preprocess_inputs("<image><image>", [photo()])


@pytest.mark.parametrize("most", [0, -1, 10**6, "x"])
def test_a_picture_is_not_cut_into_what_cannot_be(most: Any, folder: Path) -> None:
    with pytest.raises(BackendError, match="max_partition must be 1 or more, and at most 64"):
        Ovis(str(folder), threads=1).preprocess_inputs("<image>", [photo()], max_partition=most)


@pytest.mark.parametrize(
    ("query", "images"), [(None, [photo()]), ("<image>", None), ("<image>", ["x.png"]), ("<image>", [broken()])]
)
def test_what_is_no_text_or_no_picture_is_one_line(query: Any, images: Any, folder: Path) -> None:
    with pytest.raises(BackendError, match=r"takes a text|a picture is|the picture is broken"):
        Ovis(str(folder), threads=1).preprocess_inputs(query, images)


@pytest.mark.parametrize(
    ("ids", "wanted", "said"),
    [
        (None, {"max_new_tokens": 0}, "max_new_tokens must be 1 or more"),
        (None, {"max_new_tokens": -5}, "max_new_tokens must be 1 or more"),
        (None, {"do_sample": True, "top_p": 5}, "cannot be drawn so: top_p: input should be less than or equal to 1"),
        ([[10**9]], {}, "holds 1000000000, which is no token"),
        ([[-5]], {}, "holds -5, which is no token"),
        ([[]], {}, r"has the shape \(1, length\)"),
        ([3], {}, r"has the shape \(1, length\)"),
    ],
)
def test_bad_calls_of_generate_are_one_line(ids: Any, wanted: dict[str, Any], said: str, folder: Path) -> None:
    facade = Ovis(str(folder), threads=1)
    _, own, pixels = facade.preprocess_inputs("<image>", [photo()])
    with pytest.raises(BackendError, match=said) as told:
        facade.generate(own[None] if ids is None else torch.tensor(ids, dtype=torch.long), [pixels], **wanted)
    assert "\n" not in str(told.value)


def test_a_length_of_nothing_is_one_line(folder: Path) -> None:
    with pytest.raises(BackendError, match="multimodal_max_length must be 1 or more"):
        Ovis.from_pretrained(str(folder), multimodal_max_length=-1)


def test_at_full_size_it_has_ten_billion_parameters() -> None:
    """With 65,536 visual words and squares of 2 × 2 patches; a checkpoint's own configuration says how many it has."""
    import transformers

    from pipelines.vision.ovis import OvisShape, VisualTable
    from pipelines.vision.vit import Vit, VitShape

    with torch.device("meta"):
        gemma = transformers.Gemma2Config(
            vocab_size=256000, hidden_size=3584, intermediate_size=14336, num_hidden_layers=42,
            num_attention_heads=16, num_key_value_heads=8, head_dim=256,
        )  # fmt: skip
        parts = [
            transformers.Gemma2ForCausalLM(gemma),
            Vit(VitShape(final_norm=False)),
            VisualTable(OvisShape(1152, 65536, 3584, 2)),
        ]
    assert [round(sum(one.numel() for one in part.parameters()) / 1e6) for part in parts] == [9242, 413, 537]
    with torch.device("meta"):
        assert parts[2](torch.zeros(1, 729, 1152)).shape == (1, 196, 3584)


@pytest.mark.parametrize("broken", ["no config", "other", "truncated", "lacking"])
def test_a_broken_checkpoint_is_one_line(tmp_path: Path, broken: str) -> None:
    captioner_ovis.make(tmp_path)
    weights = tmp_path / "model.safetensors"
    match broken:
        case "no config":
            (tmp_path / "config.json").unlink()
        case "other":
            (tmp_path / "config.json").write_text(json.dumps({"model_type": "qwen2"}))
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:5000])
        case "lacking":
            from safetensors.torch import load_file, save_file

            save_file({name: one for name, one in load_file(weights).items() if "head" not in name}, weights)
    with pytest.raises(BackendError) as caught:
        OvisOptions(weights=str(tmp_path)).load()
    assert "\n" not in str(caught.value)
    assert tmp_path.name in str(caught.value) or "lack" in str(caught.value)


def test_a_number_format_that_there_is_not_is_one_line(tmp_path: Path) -> None:
    captioner_ovis.make(tmp_path)
    told = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(told | {"torch_dtype": "float99"}))
    with pytest.raises(BackendError, match=r"cannot be read, pull them anew: .*float99"):
        OvisOptions(weights=str(tmp_path), threads=1).load()


def test_it_waits_for_no_part_longer_than_a_block(model: Any) -> None:
    pieces = list(model.look(Look(frame(9), "what is it")))
    assert pieces[:2] == ["", ""]
    assert all(isinstance(one, str) and isinstance(other, str) for one, other in pairwise(pieces))
