"""moondream2's tensors: what they become, compared with other computations, and what is wrong with spoiled ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.backends import BackendError
from pipelines.captioners.moondream import Moondream, MoondreamOptions
from pipelines.language.spans import Tokens
from tests.moon_fixtures import loaded, options
from tests.small import captioner_moondream as small

__all__ = ["loaded", "options"]

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


from safetensors.torch import save_file  # noqa: E402
from torch.nn import functional  # noqa: E402

from pipelines.captioners import moondream_weights  # noqa: E402
from pipelines.vision.engines import TorchVision, finish  # noqa: E402
from pipelines.vision.moondream import Cropping  # noqa: E402
from pipelines.vision.moondream_regions import Regions, RegionShape  # noqa: E402
from pipelines.vision.vit import Vit, VitShape  # noqa: E402
from tests import moons  # noqa: E402


@pytest.fixture
def new(loaded: dict[str, Moondream]) -> Moondream:
    return loaded["2025"]


def picture(seed: int = 0, width: int = 200, height: int = 150) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))


def test_the_language_model_of_2024_is_phi_with_its_attention_split(
    options: dict[str, dict[str, Any]], loaded: dict[str, Moondream]
) -> None:
    tensors, language = small.file(options["2024"]), loaded["2024"].model.language
    ids = language.encode("What is in the picture? A red ball")
    rows = tensors["text_model.transformer.embd.wte.weight"][ids]
    states = moons.states(tensors, "text_model.transformer.h.", "mixer.Wqkv", "mixer.out_proj", rows, whole=0)
    expected = moons.scores(states, "text_model.lm_head.ln", "text_model.lm_head.linear", tensors)
    language.keep(0)
    assert np.abs(language.read([Tokens(tuple(ids))]) - expected.numpy()).max() < 1e-4


def test_the_prefix_of_2025_attends_in_both_directions(options: dict[str, dict[str, Any]], new: Moondream) -> None:
    """The words after it do not: a causal mask, or one that leaves out the beginning of the text, says otherwise."""
    tensors = small.file(options["2025"])
    language, seen = new.model.language, new.encode_image(picture()).picture
    assert seen.whole
    assert len(seen.rows) == small.Size(0).grid ** 2 + 1
    assert np.array_equal(seen.rows[0], tensors["text.wte"][0].numpy())
    ids = language.encode("is it red or blue")
    rows = torch.cat([torch.from_numpy(seen.rows), tensors["text.wte"][ids]])
    language.keep(0)
    ours = language.read([seen, Tokens(tuple(ids))])
    for whole, same in ((len(seen.rows), True), (0, False), (len(seen.rows) + 1, False)):
        states = moons.states(tensors, "text.blocks.", "attn.qkv", "attn.proj", rows, whole)
        far = float(np.abs(ours - moons.scores(states, "text.post_ln", "text.lm_head", tensors).numpy()).max())
        assert (far < 1e-3) is same, (whole, far)
        if same:
            assert np.abs((language.state - states[-1]).detach().numpy()).max() < 1e-3


def test_the_rows_of_2024_are_the_square_picture_through_tower_and_projection(
    options: dict[str, dict[str, Any]], loaded: dict[str, Moondream]
) -> None:
    tensors, image = small.file(options["2024"]), picture(0, 300, 120)
    pixels = torch.from_numpy(np.asarray(image.resize((84, 84), Image.Resampling.BICUBIC), np.float32))
    seen = moons.features(tensors, moons.OLD, pixels.permute(2, 0, 1)[None] / 127.5 - 1, "none")[0]
    expected = moons.mlp(tensors, moons.OLD.projection, seen).numpy()
    assert np.abs(loaded["2024"].encode_image(image).picture.rows - expected).max() < 1e-4


def test_the_rows_of_2025_are_the_whole_picture_beside_its_crops(
    options: dict[str, dict[str, Any]], new: Moondream
) -> None:
    tensors, image = small.file(options["2025"]), picture(0, 400, 180)
    cropping = Cropping(side=84, margin=1)
    tiling = cropping.tiling(180, 400)
    assert tiling == (2, 5)
    seen = moons.features(tensors, moons.NEW, torch.from_numpy(cropping.crops(image, tiling)), "tanh")
    stitched = torch.from_numpy(cropping.stitched(seen[1:].numpy(), tiling))
    pooled = functional.adaptive_avg_pool2d(stitched.permute(2, 0, 1), 6).permute(1, 2, 0).reshape(36, -1)
    expected = moons.mlp(tensors, moons.NEW.projection, torch.cat([seen[0], pooled], dim=-1)).numpy()
    assert np.abs(new.encode_image(image).picture.rows[1:] - expected).max() < 1e-4


@pytest.mark.parametrize("revision", small.REVISIONS)
def test_the_tower_is_transformers_siglip(revision: str, options: dict[str, dict[str, Any]]) -> None:
    """Its patches by a linear layer are a convolution's, its fused attention is the split one."""
    import transformers

    told = options[revision]
    config = json.loads((Path(told["weights"]) / "config.json").read_text())
    config.setdefault("config", {"vision": {"enc_n_heads": 3}})
    found = moondream_weights.sorted_out(small.file(told), config)
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


def _spoiled(folder: Path, spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    told = small.make_2025(folder)
    save_file(spoil(small.file(told)), folder / "model.safetensors")
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
        (lambda all: all | {"vision.proj_mlp.fc1.weight": torch.zeros(64, 24)}, "revision of moondream2"),
        (lambda all: all | {"text.blocks.0.attn.qkv.weight": torch.zeros(90, 32)}, "lack"),
    ],
)  # fmt: skip
def test_spoiled_weights_are_one_line(spoil: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(BackendError, match=said) as told:
        MoondreamOptions(**_spoiled(tmp_path, spoil)).load()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tokenizer.json", "{}", "cannot be read, pull them anew"),
        ("config.json", "[]", "no configuration"),
        ("config.json", '{"config": [1]}', "cannot be read, pull them anew"),
        ("config.json", '{"config": {"tokenizer": {"templates": {"query": 5}}}}', "cannot be read, pull them anew"),
        ("config.json", '{"config": {"text": {"n_heads": 5}}}', "a width of 32 cannot have 5 heads"),
        ("config.json", '{"config": {"vision": {"enc_n_heads": 5}}}', "a width of 24 cannot have 5 heads"),
        ("config.json", '{"config": {"vision": {"overlap_margin": 3}}}', "cannot have margins of 3"),
    ],
)
def test_a_file_of_nonsense_is_one_line(name: str, content: str, said: str, tmp_path: Path) -> None:
    told = small.make_2025(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(BackendError, match=said) as raised:
        MoondreamOptions(**told).load()
    assert "\n" not in str(raised.value)


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
    with pytest.raises(BackendError, match="the tokenizer of another model"):
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
