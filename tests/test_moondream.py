"""moondream2: both revisions by their own names, its crops, its two-way prefix, its places, its methods."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from queue import Queue
from typing import Any

import numpy as np
import pytest
from PIL import Image

from devices.media import Frame
from pipelines.backends import BackendError, Exchange, Look
from pipelines.captioners import moondream_prompts as prompting
from pipelines.captioners.moondream import EncodedImage, Moondream, MoondreamOptions
from pipelines.language.spans import Picture, Tokens
from tests.small import captioner_moondream as small

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402
from torch.nn import functional  # noqa: E402

from pipelines.captioners import moondream_weights  # noqa: E402
from pipelines.vision.engines import TorchVision, finish  # noqa: E402
from pipelines.vision.moondream import Cropping, CropSight  # noqa: E402
from pipelines.vision.moondream_regions import Regions, RegionShape, Size  # noqa: E402
from pipelines.vision.vit import Vit, VitShape  # noqa: E402

REVISIONS: dict[str, Callable[[Path], dict[str, Any]]] = {"2024": small.make_2024, "2025": small.make_2025}


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return {revision: make(tmp_path_factory.mktemp(revision)) for revision, make in REVISIONS.items()}


@pytest.fixture(scope="module")
def loaded(options: dict[str, dict[str, Any]]) -> dict[str, Moondream]:
    return {revision: Moondream(**told) for revision, told in options.items()}


@pytest.fixture(params=REVISIONS)
def model(request: pytest.FixtureRequest, loaded: dict[str, Moondream]) -> Moondream:
    return loaded[request.param]


@pytest.fixture
def new(loaded: dict[str, Moondream]) -> Moondream:
    return loaded["2025"]


def picture(seed: int = 0, width: int = 200, height: int = 150) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))


# Of both releases


def test_the_snippet_of_2024_reads_as_it_did(options: dict[str, dict[str, Any]]) -> None:
    told = options["2024"]
    model = Moondream.from_pretrained(told["weights"], threads=1)
    tokenizer = model.tokenizer

    image = picture()
    enc_image = model.encode_image(image)
    answer = model.answer_question(enc_image, "Describe this image.", tokenizer)
    assert isinstance(answer, str)
    assert answer


def test_a_stream_says_what_the_whole_says(model: Moondream) -> None:
    image = model.encode_image(picture())
    for length in ("short", "normal", "long"):
        pieces = list(model.caption(image, length, stream=True)["caption"])
        assert len(pieces) > 1
        assert "".join(pieces) == model.caption(image, length)["caption"]
    assert "".join(model.query(image, "Red?", stream=True)["answer"]) == model.query(image, "Red?")["answer"]
    assert model.query(question="What is red?")["answer"]


def test_a_batch_is_answered_as_one_by_one(model: Moondream) -> None:
    images, questions = [picture(1), model.encode_image(picture(2))], ["Is it red?", "What is it?"]
    single = [model.answer_question(*pair) for pair in zip(images, questions, strict=True)]
    assert model.batch_answer(images, questions) == single
    assert len(set(single)) == 2


def test_an_answer_goes_to_the_queue_and_to_a_streamer_of_transformers(model: Moondream) -> None:
    import transformers

    queue: Queue[str] = Queue()
    streamer = transformers.TextIteratorStreamer(model.tokenizer)
    answer = model.answer_question(
        picture(), "What?", model.tokenizer, result_queue=queue, streamer=streamer, max_new_tokens=5, do_sample=False
    )
    assert queue.get_nowait() == answer == "".join(streamer).strip()


def test_a_chat_history_is_the_history(model: Moondream) -> None:
    told = (Exchange("What is it?", "A ball."), Exchange("Where?", "Left."))
    history = prompting.said(told)
    assert history == "Question: What is it?\n\nAnswer: A ball.\n\nQuestion: Where?\n\nAnswer: Left.\n\n"
    assert prompting.exchanges(history) == told
    image = model.encode_image(picture())
    assert model.answer_question(image, "Is it?", chat_history=history) != model.answer_question(image, "Is it?")


def test_a_second_question_reads_neither_picture_nor_pixels_again(model: Moondream) -> None:
    """And it says what a model says that has read nothing before."""
    inner = model._model
    image = model.encode_image(picture(3))
    model.query(image, "What is it?")
    read: list[int] = []
    original = inner.language.read
    try:
        inner.language.read = lambda spans: read.append(sum(map(len, spans))) or original(spans)  # type: ignore[method-assign]
        second = model.query(image, "Is it red?")["answer"]
    finally:
        del inner.language.read  # type: ignore[method-assign]
    assert read[0] < small.Size(0).grid ** 2
    inner.language.keep(0)
    inner.reader.positions.clear()
    assert model.query(image, "Is it red?")["answer"] == second


def test_what_a_live_frame_is_asked_is_what_the_methods_ask(options: dict[str, dict[str, Any]]) -> None:
    for revision in REVISIONS:
        vlm = MoondreamOptions(**options[revision]).load()
        same = Moondream(**options[revision], crops=False)
        frame = Frame(np.asarray(picture(4)), 0.0, "desk")
        assert vlm.caption(frame).text == " ".join(same.caption(picture(4), "short")["caption"].split())
        assert "".join(vlm.look(Look(frame, "What?"))) == same.query(picture(4), "What?")["answer"]


# Words


def test_the_prompt_of_2024_is_its_text(loaded: dict[str, Moondream]) -> None:
    ask = prompting.of_2024().ask
    assert ask("What?", ()) == f"<|endoftext|>{prompting.PICTURE}\n\nQuestion: What?\n\nAnswer:"
    assert ask("Now?", (Exchange("What?", "A ball."),)) == (
        f"<|endoftext|>{prompting.PICTURE}\n\nQuestion: What?\n\nAnswer: A ball.\n\nQuestion: Now?\n\nAnswer:"
    )
    old = loaded["2024"]
    before, _, after = ask("What?", ()).partition(prompting.PICTURE)
    begin = old.tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert prompting.cut(old._model.language, before, after)[0] == [begin]
    assert begin == small.MARKS.index("<|md_reserved_2|>")  # that is: not 0, where 2025 has it


def test_the_templates_of_2025_are_tokens(new: Moondream) -> None:
    asked = prompting.of_2025(prompting.TEMPLATES)
    encode = new._model.language.encode

    def ids(prompt: str) -> list[int]:
        before, _, after = prompt.partition(prompting.PICTURE)
        return [*prompting.cut(new._model.language, before, after)[1]]

    assert ids(asked.ask("is it red", ())) == [1, 15381, 2, *encode("is it red"), 3]
    assert [ids(asked.captions[length]) for length in ("short", "normal", "long")] == [
        [1, 32708, 2, 12492, 3], [1, 32708, 2, 6382, 3], [1, 32708, 2, 4059, 3]
    ]  # fmt: skip
    assert ids(asked.regions["detect"]("ball")) == [1, 7235, 476, 2, *encode(" ball"), 3]
    assert ids(asked.regions["point"]("ball")) == [1, 2581, 2, *encode(" ball"), 3]
    assert ids(asked.ask("now", (Exchange("a", "b"),)))[:4] == [1, 15381, 2, *encode("a")]


def test_no_word_of_a_person_is_a_token_by_number(new: Moondream) -> None:
    asked = prompting.of_2025(prompting.TEMPLATES).ask("red\ue0010\ue002 ball", ())
    assert 0 not in prompting.cut(new._model.language, "", asked.partition(prompting.PICTURE)[2])[1]


# Weights


def reference(tensors: Mapping[str, Any], stem: str, fused: str, out: str, rows: Any, whole: int) -> Any:
    """Phi as its paper and releases describe it, on the fused tensors: the states after all blocks.

    `whole`: so many positions at the beginning attend to each other in both directions.
    """
    count, heads = len(rows), 4
    width = rows.shape[1] // heads
    allowed = torch.ones(count, count).tril().bool()
    allowed[:whole, :whole] = True
    turn = 10000.0 ** -(torch.arange(0, width // 2, 2) / (width // 2))
    angle = torch.arange(count)[:, None] * turn
    for layer in range(2):
        near = {name.removeprefix(f"{stem}{layer}."): one for name, one in tensors.items() if f"{stem}{layer}." in name}

        def linear(name: str, given: Any, near: Mapping[str, Any] = near) -> Any:
            return given @ near[f"{name}.weight"].T + near[f"{name}.bias"]

        normal = functional.layer_norm(rows, rows.shape[1:], near["ln.weight"], near["ln.bias"], 1e-5)
        query, key, value = (
            part.reshape(count, heads, width).transpose(0, 1) for part in linear(fused, normal).chunk(3, dim=-1)
        )
        scores = _turned(query, angle) @ _turned(key, angle).transpose(1, 2) / width**0.5
        attended = scores.masked_fill(~allowed, -torch.inf).softmax(-1) @ value
        mlp = linear("mlp.fc2", functional.gelu(linear("mlp.fc1", normal), approximate="tanh"))
        rows = rows + linear(out, attended.transpose(0, 1).reshape(count, -1)) + mlp
    return rows


def _turned(heads: Any, angle: Any) -> Any:
    """Rotary positions on the first half of each head."""
    half = angle.shape[1]
    one, two, rest = heads[..., :half], heads[..., half : 2 * half], heads[..., 2 * half :]
    cos, sin = angle.cos(), angle.sin()
    return torch.cat([one * cos - two * sin, two * cos + one * sin, rest], dim=-1)


def _scores(states: Any, norm: str, head: str, tensors: Mapping[str, Any]) -> Any:
    last = functional.layer_norm(states[-1], states.shape[1:], tensors[f"{norm}.weight"], tensors[f"{norm}.bias"], 1e-5)
    return last @ tensors[f"{head}.weight"].T + tensors[f"{head}.bias"]


def _file(options: dict[str, Any]) -> dict[str, Any]:
    return dict(load_file(Path(options["weights"]) / "model.safetensors"))


def test_the_language_model_of_2024_is_phi_with_its_attention_split(
    options: dict[str, dict[str, Any]], loaded: dict[str, Moondream]
) -> None:
    tensors, language = _file(options["2024"]), loaded["2024"]._model.language
    ids = language.encode("What is in the picture? A red ball")
    rows = tensors["text_model.transformer.embd.wte.weight"][ids]
    states = reference(tensors, "text_model.transformer.h.", "mixer.Wqkv", "mixer.out_proj", rows, whole=0)
    expected = _scores(states, "text_model.lm_head.ln", "text_model.lm_head.linear", tensors)
    language.keep(0)
    assert np.abs(language.read([Tokens(tuple(ids))]) - expected.numpy()).max() < 1e-4


def test_the_prefix_of_2025_attends_in_both_directions(options: dict[str, dict[str, Any]], new: Moondream) -> None:
    """The words after it do not: a causal mask, or one that leaves out the beginning of the text, says otherwise."""
    tensors = {name.removeprefix("model."): one for name, one in _file(options["2025"]).items()}
    language, seen = new._model.language, new.encode_image(picture()).picture
    assert seen.whole
    assert len(seen.rows) == small.Size(0).grid ** 2 + 1
    assert np.array_equal(seen.rows[0], tensors["text.wte"][0].numpy())
    ids = language.encode("is it red or blue")
    rows = torch.cat([torch.from_numpy(seen.rows), tensors["text.wte"][ids]])
    language.keep(0)
    ours = language.read([seen, Tokens(tuple(ids))])
    for whole, same in ((len(seen.rows), True), (0, False), (len(seen.rows) + 1, False)):
        states = reference(tensors, "text.blocks.", "attn.qkv", "attn.proj", rows, whole)
        far = float(np.abs(ours - _scores(states, "text.post_ln", "text.lm_head", tensors).numpy()).max())
        assert (far < 1e-3) is same, (whole, far)
        if same:
            assert np.abs((language.state - states[-1]).detach().numpy()).max() < 1e-3


@pytest.mark.parametrize("revision", REVISIONS)
def test_the_tower_is_transformers_siglip(revision: str, options: dict[str, dict[str, Any]]) -> None:
    """Its patches by a linear layer are a convolution's, its fused attention is the split one."""
    import transformers

    told = options[revision]
    config = json.loads((Path(told["weights"]) / "config.json").read_text())
    config.setdefault("config", {"vision": {"enc_n_heads": 3}})
    found = moondream_weights.sorted_out(_file(told), config)
    shape = moondream_weights.vit_shape(found)
    reference = transformers.SiglipVisionModel(
        transformers.SiglipVisionConfig(
            hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, image_size=84,
            patch_size=14, layer_norm_eps=shape.epsilon,
            hidden_act="gelu" if revision == "2024" else "gelu_pytorch_tanh",
            vision_use_head=False,
        )
    ).eval()  # fmt: skip
    reference.load_state_dict(dict(found.part("vision")))
    with torch.device("meta"):
        ours = Vit(shape)
    ours.load_state_dict(dict(found.part("vision")), assign=True)
    pixels = np.random.default_rng(0).standard_normal((2, 3, 84, 84)).astype(np.float32)
    with torch.inference_mode():
        expected = reference(torch.from_numpy(pixels)).last_hidden_state.numpy()
    assert np.abs(finish(TorchVision(ours, 1).features(pixels)) - expected).max() < 1e-4


@pytest.mark.parametrize(
    ("revision", "names", "parameters"),
    [
        ("2024-04-02", small.old, 1_857_482_608),
        ("2025-06-21", small.modern, 1_866_919_792),
    ],
)
def test_at_full_size_it_is_moondream2(revision: str, names: Any, parameters: int) -> None:
    """Shapes alone: what our modules and transformers' Phi take is what a checkpoint of the real size gives."""
    import transformers

    shapes = dict(names(small.FULL))
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == parameters
    found = moondream_weights.sorted_out(
        {name: torch.empty(shape, device="meta") for name, shape in shapes.items()}, {}
    )
    assert found.revision == revision
    shape, config = moondream_weights.vit_shape(found), moondream_weights.phi_config(found, 0)
    old = revision == "2024-04-02"
    assert shape == VitShape(image=378, epsilon=1e-6 if old else 1e-5, gelu="none" if old else "tanh")
    assert (config.num_attention_heads, config.num_key_value_heads, config.max_position_embeddings) == (32, 32, 2048)
    with torch.device("meta"):
        parts = {"vision": Vit(shape), "text": transformers.PhiForCausalLM(config)}
    for name, module in parts.items():
        assert {key: one.shape for key, one in module.state_dict().items()} == {
            key: one.shape for key, one in found.part(name)
        }


def test_the_heads_at_full_size() -> None:
    with torch.device("meta"):
        ours = Regions(RegionShape())
    told = dict(small.heads(small.FULL))
    assert {f"region.{name}": tuple(one.shape) for name, one in ours.state_dict().items()} == told
    assert sum(one.numel() for one in ours.parameters()) == 60_317_312


# Pictures


@pytest.mark.parametrize(
    ("width", "height", "crops"),
    [(1280, 720, 9), (1920, 1080, 9), (640, 480, 9), (640, 360, 2), (378, 378, 2), (9, 4000, 2), (30_000, 400, 13)],
)
def test_how_many_crops_a_picture_has(width: int, height: int, crops: int) -> None:
    rows, columns = Cropping().tiling(height, width)
    assert 1 + rows * columns == crops


def test_crops_are_as_large_as_the_tower_takes() -> None:
    cropping = Cropping()
    assert (cropping.grid, cropping.window, cropping.overlap) == (27, 266, 112)
    assert cropping.crops(picture(0, 640, 480), (2, 4)).shape == (9, 3, 378, 378)


class Means:
    """A tower that sees of each patch its mean colour."""

    def features(self, pixels: Any) -> Any:
        count, channels, height, width = pixels.shape
        cells = pixels.reshape(count, channels, height // 14, 14, width // 14, 14).mean((3, 5))
        yield
        return cells.reshape(count, channels, -1).transpose(0, 2, 1)


@pytest.mark.parametrize("tiling", [(1, 1), (1, 3), (3, 1), (2, 4)])
def test_stitched_crops_are_the_picture_again(tiling: tuple[int, int]) -> None:
    cropping = Cropping()
    image = picture(0, 700, 500)
    high, wide = (count * cropping.window + cropping.overlap for count in tiling)
    large = np.asarray(image.resize((wide, high), Image.Resampling.LANCZOS), np.float32).transpose(2, 0, 1)[None]
    expected = finish(Means().features(large / 127.5 - 1)).reshape(high // 14, wide // 14, 3)
    local = finish(Means().features(cropping.crops(image, tiling)[1:]))
    assert np.abs(cropping.stitched(local, tiling) - expected).max() < 1e-5


def test_each_row_is_the_patch_in_the_whole_picture_beside_the_same_place_in_its_crops() -> None:
    """Seen with a tower of mean colours and a connector that changes nothing: both halves are nearly one picture."""
    image = Image.fromarray(
        np.kron(np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8), np.ones((80, 80, 1), np.uint8))
    )
    passing = torch.nn.Linear(6, 6, bias=False)
    passing.weight.data = torch.eye(6)
    rows = finish(CropSight(Means(), passing, Cropping(), np.zeros((1, 6), np.float32), full=True)(image))
    assert rows.shape == (730, 6)
    assert np.abs(rows[1:, :3] - rows[1:, 3:]).mean() < 0.05
    assert np.abs(rows[1:, :3] - rows[::-1][:-1, 3:]).mean() > 0.2


def test_a_small_picture_is_encoded_once_and_a_large_one_in_parts(loaded: dict[str, Moondream]) -> None:
    new = loaded["2025"]
    sight = new._model._see
    quick = CropSight(sight.vision, sight.projection, sight.cropping, sight.begin, full=False)

    def steps(see: CropSight, image: Image.Image) -> int:
        return sum(1 for _ in see(image))

    wide, little = picture(0, 640, 480), picture(0, 80, 60)
    crops = 1 + int(np.prod(sight.cropping.tiling(480, 640)))
    assert (steps(sight, wide), steps(quick, wide)) == (crops * 2, 2)
    assert (steps(sight, little), steps(quick, little)) == (2, 2)
    assert np.array_equal(finish(sight(little)), finish(quick(little)))
    assert not np.allclose(finish(sight(wide)), finish(quick(wide)))


# Places


def test_detect_and_point_give_places_in_the_picture(new: Moondream) -> None:
    image = new.encode_image(picture())
    objects = new.detect(image, "ball", settings={"max_objects": 3})["objects"]
    points = new.point(image, "ball", settings={"max_objects": 3})["points"]
    assert 0 < len(objects) <= 3
    assert 0 < len(points) <= 3
    for box in objects:
        assert set(box) == {"x_min", "y_min", "x_max", "y_max"}
        assert 0 <= box["x_min"] < box["x_max"] <= 1
        assert 0 <= box["y_min"] < box["y_max"] <= 1
    assert all(set(point) == {"x", "y"} and 0 <= min(point.values()) <= max(point.values()) < 1 for point in points)
    assert new.detect(picture(), "ball", settings={"max_objects": 3})["objects"] == objects


def test_a_walk_ends_where_the_model_ends_it_or_the_context_does(new: Moondream) -> None:
    image = new.encode_image(picture())
    language = new._model.language
    ends, context = language.ends, language.context
    try:
        language.context = len(image.picture) + 20
        assert len(new.detect(image, "ball", settings={"max_objects": 500})["objects"]) < 7
        language.ends = frozenset(range(10_000))
        assert new.detect(image, "ball") == {"objects": []}
    finally:
        language.ends, language.context = ends, context


def test_places_are_read_from_the_states_that_rows_of_places_leave(
    options: dict[str, dict[str, Any]], new: Moondream
) -> None:
    """The walk again, every step from the beginning and by the reference."""
    tensors = {name.removeprefix("model."): one for name, one in _file(options["2025"]).items()}
    image = new.encode_image(picture())
    found = new.detect(image, "ball", settings={"max_objects": 1})["objects"][0]
    inner = new._model
    (seen, told) = inner._parts(inner.prompts.regions["detect"]("ball"), image.picture)
    rows = torch.cat([torch.from_numpy(seen.rows), tensors["text.wte"][list(told.ids)]])

    def decoded(name: str) -> Any:
        state = reference(tensors, "text.blocks.", "attn.qkv", "attn.proj", rows, len(seen.rows))[-1]
        hidden = functional.gelu(
            state @ tensors[f"{name}.fc1.weight"].T + tensors[f"{name}.fc1.bias"], approximate="tanh"
        )
        return hidden @ tensors[f"{name}.fc2.weight"].T + tensors[f"{name}.fc2.bias"]

    middle = []
    for _ in range(2):
        middle.append(float(decoded("region.coord_decoder").argmax()) / small.Size(0).bins)
        angle = 2 * np.pi * middle[-1] * tensors["region.coord_features"]
        waves = torch.cat([angle.cos(), angle.sin()], dim=-1)
        row = waves @ tensors["region.coord_encoder.weight"].T + tensors["region.coord_encoder.bias"]
        rows = torch.cat([rows, row])
    width, height = decoded("region.size_decoder").reshape(2, -1).argmax(-1).tolist()
    half = [2 ** (one / (small.Size(0).bins - 1) * 10 - 10) / 2 for one in (width, height)]
    expected = [middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1]]
    assert list(found.values()) == pytest.approx([min(1, max(0, edge)) for edge in expected])


def test_coordinates_and_sizes_are_bins() -> None:
    with torch.device("meta"):
        heads = Regions(RegionShape())
    assert [heads.coordinate(at) for at in (0, 512, 1023)] == [0, 0.5, 1023 / 1024]
    assert heads.extent(0) == pytest.approx(1 / 1024)
    assert heads.extent(1023) == 1
    assert heads.extent(512) == pytest.approx(2 ** (512 / 1023 * 10 - 10))
    assert all(one < two for one, two in pairwise(map(heads.extent, range(1024))))


def test_heads_that_are_taught_a_place_tell_it_again() -> None:
    """A decoder fitted to the encoder's rows, as training fits it: each bin's row is told apart from all others."""
    torch.manual_seed(0)
    heads = Regions(RegionShape(width=64, hidden=8, coordinate_features=32, size_features=64, bins=32))
    torch.nn.init.normal_(heads.coord_features, std=2)
    torch.nn.init.normal_(heads.size_features, std=2)
    with torch.no_grad():
        rows = torch.cat([heads.coordinate_row(at) for at in range(32)])
        nearest = [int(torch.cdist(heads.coordinate_row(at), rows).argmin()) for at in range(32)]
        sizes = [Size(at, 31 - at) for at in range(32)]
        tall = torch.cat([heads.size_row(size) for size in sizes])
        same = [int(torch.cdist(heads.size_row(size), tall).argmin()) for size in sizes]
    assert nearest == same == list(range(32))
    heads.size_decoder.fc2 = torch.nn.Linear(8, 64)
    with torch.no_grad():
        heads.size_decoder.fc2.weight.zero_()
        heads.size_decoder.fc2.bias.copy_(torch.arange(64) % 32 == torch.tensor([7] * 32 + [9] * 32))
        assert heads.size_bins(torch.zeros(64)) == Size(7, 9)


# What goes wrong


def test_the_release_of_2024_cannot_tell_places(loaded: dict[str, Moondream]) -> None:
    for method in ("detect", "point"):
        with pytest.raises(BackendError, match=f"{method} needs the region heads of moondream2 of 2025"):
            getattr(loaded["2024"], method)(picture(), "ball")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda model: model.encode_image("photo.jpg"),
            "a picture is a PIL image or what encode_image gave, not a str",
        ),
        (lambda model: model.caption(picture(), "tiny"), "short, normal or long, not 'tiny'"),
        (lambda model: model.query(picture(), " "), "wants a question"),
        (lambda model: model.query(picture(), "What?", settings={"warmth": 1}), "not known: warmth"),
        (lambda model: model.point(picture(), "ball", settings={"count": 1}), "not known: count"),
        (lambda model: model.point(picture(), "ball", settings={"max_objects": 0}), "1 or more"),
        (lambda model: model.answer_question(picture(), "What?", chat_history="we spoke"), "chat_history has the form"),
        (lambda model: model.batch_answer([picture()], []), "1 pictures and 0 questions"),
    ],
)
def test_bad_calls_are_one_line(call: Callable[[Moondream], Any], said: str, new: Moondream) -> None:
    with pytest.raises(BackendError, match=said) as told:
        call(new)
    assert "\n" not in str(told.value)


def _spoiled(folder: Path, spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    told = small.make_2025(folder)
    save_file(spoil(_file(told)), folder / "model.safetensors")
    return told


def _without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda tensors: {key: one for key, one in tensors.items() if name not in key}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_without("vision."), "no moondream2"),
        (_without("text.blocks.1.mlp.fc1.weight"), "lack 1 tensors"),
        (_without("vision.blocks.0.ln1"), "lack 2 of"),
        (_without("size_decoder.fc2.bias"), "lack 1 of"),
        (lambda all: all | {"model.vision.proj_mlp.fc1.weight": torch.zeros(64, 24)}, "revision of moondream2"),
        (lambda all: all | {"model.text.blocks.0.attn.qkv.weight": torch.zeros(90, 32)}, "lack"),
    ],
)  # fmt: skip
def test_spoiled_weights_are_one_line(spoil: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=said) as told:
        MoondreamOptions(**_spoiled(tmp_path, spoil)).load()
    assert "\n" not in str(told.value)


def test_a_truncated_file_is_one_line(tmp_path: Path) -> None:
    told = small.make_2024(tmp_path)
    whole = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackendError, match=r"pull (it|them) anew"):
        MoondreamOptions(**told).load()


def test_the_tokenizer_of_the_forerunner_is_refused_and_its_own_is_found(tmp_path: Path) -> None:
    """As in the folder of 2025 as published: read with it, the model would say nothing but nonsense."""
    told = small.make_2025(tmp_path)
    own = (tmp_path / "tokenizer.json").read_bytes()
    older = tmp_path / "older"
    older.mkdir()
    small.make_2024(older)
    (tmp_path / "tokenizer.json").write_bytes((older / "tokenizer.json").read_bytes())
    with pytest.raises(BackendError, match="the tokenizer of another model: put tokenizer"):
        MoondreamOptions(**told).load()
    (tmp_path / "starmie-v1").mkdir()
    (tmp_path / "starmie-v1" / "tokenizer.json").write_bytes(own)
    assert MoondreamOptions(**told).load().language.tokenizer.bos_token_id == 0


def test_what_does_not_fit_into_memory_is_refused_with_the_figure(
    options: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.room.free", lambda: 1_000_000)
    with pytest.raises(BackendError, match=r"moondream2 needs 0\.0 GB of memory"):
        MoondreamOptions(**options["2025"]).load()


def test_an_encoded_image_passes_for_a_picture(new: Moondream) -> None:
    seen = new.encode_image(picture())
    assert isinstance(seen, EncodedImage)
    assert new.encode_image(seen) is seen
    assert isinstance(seen.picture, Picture)
    assert new.caption(seen) == new.caption(picture())
