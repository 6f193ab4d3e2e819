"""The parts of OmniLMM, each against a plain computation written here, and their sizes as published."""

from __future__ import annotations

from math import cos, sin, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines import checkpoints
from pipelines.captioners.omnilmm_prompts import Size
from pipelines.language.spans import Picture, Tokens
from tests import tiny
from tests.small import captioner_omnilmm as small

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch.nn import functional  # noqa: E402

from pipelines.captioners import omnilmm_parts as parts  # noqa: E402
from pipelines.language.causal import Causal  # noqa: E402
from pipelines.vision import timm  # noqa: E402
from pipelines.vision.engines import TorchVision, finish  # noqa: E402
from pipelines.vision.eva02 import Eva02, EvaShape  # noqa: E402
from pipelines.vision.resampler import Resampler, drawn_out, waves  # noqa: E402
from pipelines.vision.vit import Vit, VitShape  # noqa: E402

PIXELS = np.random.default_rng(0).standard_normal((2, 3, 56, 56)).astype(np.float32)


def test_eva02_is_what_a_plain_computation_gives() -> None:
    found = {name: tensor.double() for name, tensor in small.eva02(layers=3).items()}
    tower = Eva02(timm.eva_shape(found, 56))
    checkpoints.fill(tower, timm.as_eva(found, 4), str, torch.float64)
    expected = _plain(found, torch.from_numpy(PIXELS).double(), after=True)[:, 1:]
    assert np.abs(finish(TorchVision(tower, 1).features(PIXELS)) - expected.numpy()).max() < 3e-6


def test_siglip_of_timm_is_what_a_plain_computation_gives() -> None:
    found = {name: tensor.double() for name, tensor in small.siglip(layers=3).items()}
    tower = Vit(timm.vit_shape(found, 56, drop_last=False))
    checkpoints.fill(tower, timm.as_vit(found, 4), str, torch.float64)
    expected = _plain(found, torch.from_numpy(PIXELS).double(), after=False)
    assert np.abs(finish(TorchVision(tower, 1).features(PIXELS)) - expected.numpy()).max() < 3e-6


def _plain(found: dict[str, Any], pixels: Any, after: bool) -> Any:
    """A vision transformer head by head; `after`: it normalises what a layer gives, not what it is given."""

    def norm(hidden: Any, name: str) -> Any:
        middle, spread = hidden.mean(-1, keepdim=True), hidden.var(-1, keepdim=True, unbiased=False)
        return (hidden - middle) / (spread + 1e-6).sqrt() * found[f"{name}.weight"] + found[f"{name}.bias"]

    def linear(hidden: Any, name: str) -> Any:
        return hidden @ found[f"{name}.weight"].T + found[f"{name}.bias"]

    def attention(hidden: Any, name: str) -> Any:
        width = hidden.shape[-1]
        nothing = torch.zeros(width, dtype=hidden.dtype)
        parted = [found.get(f"{name}.q_bias", nothing), nothing, found.get(f"{name}.v_bias", nothing)]
        bias = found.get(f"{name}.qkv.bias", torch.cat(parted))
        query, key, value = (hidden @ found[f"{name}.qkv.weight"].T + bias).split(width, -1)
        heads = [slice(at, at + width // 16) for at in range(0, width, width // 16)]
        each = [_attended(query[..., one], key[..., one], value[..., one]) for one in heads]
        return linear(torch.cat(each, -1), f"{name}.proj")

    def mlp(hidden: Any, name: str) -> Any:
        middle = linear(hidden, f"{name}.fc1")
        return linear(middle * (1 + torch.erf(middle / sqrt(2))) / 2, f"{name}.fc2")

    strips = functional.unfold(pixels, 14, stride=14).transpose(1, 2)
    hidden = strips @ found["patch_embed.proj.weight"].flatten(1).T + found["patch_embed.proj.bias"]
    if "cls_token" in found:
        hidden = torch.cat([found["cls_token"].expand(len(hidden), 1, -1), hidden], 1)
    hidden = hidden + found["pos_embed"]
    for at in range(3):
        for layer, name, one in ((attention, "attn", "norm1"), (mlp, "mlp", "norm2")):
            block, by = f"blocks.{at}.{name}", f"blocks.{at}.{one}"
            hidden = hidden + (norm(layer(hidden, block), by) if after else layer(norm(hidden, by), block))
    return norm(hidden, "norm")


def _attended(query: Any, key: Any, value: Any) -> Any:
    return (query @ key.transpose(-1, -2) / sqrt(query.shape[-1])).softmax(-1) @ value


def test_the_resampler_is_what_a_plain_computation_gives() -> None:
    torch.manual_seed(3)
    made = Resampler(queries=4, features=32, width=256).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    weights, features = made.state_dict(), torch.randn(2, 36, 32)

    def norm(hidden: Any, name: str) -> Any:
        return functional.layer_norm(hidden, (256,), weights[f"{name}.weight"], weights[f"{name}.bias"], 1e-6)

    places = functional.interpolate(weights["pos_embed"].T.reshape(1, 256, 2, 2), size=(6, 6), mode="bicubic")
    patches = norm(features @ weights["kv_proj.weight"].T, "ln_kv")
    given = (norm(weights["query"], "ln_q") + weights["pos_embed"], patches + places.flatten(2)[0].T, patches)
    halves = zip(weights["attn.in_proj_weight"].chunk(3), weights["attn.in_proj_bias"].chunk(3), given, strict=True)
    query, key, value = (hidden @ weight.T + bias for weight, bias, hidden in halves)
    heads = [slice(0, 128), slice(128, 256)]
    seen = torch.cat([_attended(query[..., one], key[..., one], value[..., one]) for one in heads], -1)
    seen = seen @ weights["attn.out_proj.weight"].T + weights["attn.out_proj.bias"]
    with torch.inference_mode():
        assert float((made(features) - norm(seen, "ln_post") @ weights["proj"]).abs().max()) < 1e-4


def test_places_are_drawn_out_and_neither_turned_nor_mirrored() -> None:
    column, row = (torch.arange(16) % 4).float(), (torch.arange(16) // 4).float()
    for antialias in (False, True):
        drawn = drawn_out(torch.stack([column, row], 1), 8, antialias).reshape(8, 8, 2)
        assert torch.allclose(drawn[:, :, 0], drawn[:1, :, 0].expand(8, 8), atol=1e-5), "a column is one along its rows"
        assert torch.allclose(drawn[:, :, 0], drawn[:, :, 1].T, atol=1e-5)
        assert bool((drawn[0, 1:, 0] > drawn[0, :-1, 0]).all())
    assert torch.equal(drawn_out(column[:, None], 4)[:, 0], column)


def test_a_tower_for_larger_pictures_has_its_places_drawn_out_as_timm_does_it_but_for_the_class_token() -> None:
    eva, siglip = small.eva02(grid=4), small.siglip(grid=4)
    drawn = dict(timm.as_eva(eva, 6))["pos_embed"][0]
    assert torch.equal(drawn[0], eva["pos_embed"][0, 0])
    assert torch.allclose(drawn[1:], _smoothly(eva["pos_embed"][0, 1:]))
    assert torch.equal(dict(timm.as_eva(eva, 4))["pos_embed"], eva["pos_embed"])
    places = dict(timm.as_vit(siglip, 6))["embeddings.position_embedding.weight"]
    assert torch.allclose(places, _smoothly(siglip["pos_embed"][0]))


def _smoothly(places: Any) -> Any:
    grid = places.reshape(1, 4, 4, -1).permute(0, 3, 1, 2)
    return functional.interpolate(grid, (6, 6), mode="bicubic", antialias=True).flatten(2)[0].T


def test_waves_tell_the_column_first_and_then_the_row() -> None:
    made = waves(8, 3)
    at = 1 * 3 + 2  # second row, third column
    expected = [sin(2), sin(2 / 100), cos(2), cos(2 / 100), sin(1), sin(1 / 100), cos(1), cos(1 / 100)]
    assert made.shape == (9, 8)
    assert np.abs(made[at].numpy() - expected).max() < 1e-6


@pytest.mark.parametrize(("depth", "dropped", "kept"), [(27, False, 27), (27, True, 26), (26, True, 26)])
def test_the_last_block_is_left_out_where_the_checkpoint_was_trained_without_it(
    depth: int, dropped: bool, kept: int
) -> None:
    assert timm.vit_shape(small.siglip(layers=depth), 56, dropped).layers == kept


def test_minicpm_is_granite(tmp_path: Path) -> None:
    small.make(tmp_path)
    told = checkpoints.config(tmp_path)
    shape = parts.granite(told)
    shape.initializer_range = 0.1
    torch.manual_seed(4)
    model = transformers.GraniteForCausalLM(shape).eval()
    ids = torch.arange(40, 51)[None]
    with torch.inference_mode():
        expected = _minicpm(model, told, ids)
        assert float((model(ids).logits - expected).abs().max()) < 1e-4
        assert float(expected.std()) > 0.1


def _minicpm(granite: Any, told: dict[str, Any], ids: Any) -> Any:
    """MiniCPM as its authors wrote it: a Llama whose embeddings, residuals and last hidden states are scaled."""
    shape = {name: told[name] for name in ("vocab_size", "hidden_size", "intermediate_size", "rms_norm_eps")}
    shape |= {name: told[name] for name in ("num_hidden_layers", "num_attention_heads", "num_key_value_heads")}
    llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape)).eval()
    llama.load_state_dict(granite.state_dict())
    hidden, depth = (
        llama.model.embed_tokens(ids) * told["scale_emb"],
        told["scale_depth"] / sqrt(len(llama.model.layers)),
    )
    places = llama.model.rotary_emb(hidden, torch.arange(ids.shape[1])[None])
    mask = torch.full((1, 1, ids.shape[1], ids.shape[1]), float("-inf")).triu(1)
    for layer in llama.model.layers:
        seen = layer.self_attn(layer.input_layernorm(hidden), position_embeddings=places, attention_mask=mask)[0]
        hidden = hidden + depth * seen
        hidden = hidden + depth * layer.mlp(layer.post_attention_layernorm(hidden))
    return llama.lm_head(llama.model.norm(hidden) / (told["hidden_size"] / told["dim_model_base"]))


def test_an_embedding_is_a_token_once_the_multiplier_is_undone() -> None:
    words = tiny.tokenizer()
    engine = Causal(tiny.decoder("Granite", words, embedding_multiplier=12.0, initializer_range=0.1), words, 1)
    ids = tuple(engine.encode("What is in the picture? A red ball"))
    inside = engine.model.get_input_embeddings().weight[list(ids[2:5])].detach().numpy() * 12

    def read(*spans: Tokens | Picture) -> Any:
        engine.keep(0)
        return engine.read(spans)

    assert len(ids) > 6
    plain = read(Tokens(ids))
    undone, scaled = (
        read(Tokens(ids[:2]), Picture("words", rows), Tokens(ids[5:])) - plain for rows in (inside / 12, inside)
    )
    assert np.abs(undone).max() < 1e-4
    assert np.abs(scaled).max() > 1e-2


@pytest.mark.parametrize(("size", "mean", "deviation"), [("3B", 0.5, 0.5), ("12B", 0.48145466, 0.26862954)])
def test_pictures_come_in_the_scale_their_tower_was_trained_with(size: Size, mean: float, deviation: float) -> None:
    seen: list[Any] = []

    class Watched(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shape, self.blocks, self.end = EvaShape(image=56), torch.nn.ModuleList(), torch.nn.Identity()
            self.only = torch.nn.Parameter(torch.zeros(1))

        def begin(self, pixels: Any) -> Any:
            seen.append(pixels)
            return torch.zeros(1, 16, small.EYES)

    eyes: Any = parts.Eyes(Watched(), Resampler(4, small.EYES, 128).eval())  # type: ignore[arg-type]
    see = parts.seeing(TorchVision(eyes.tower, 1), eyes, parts.ANATOMIES[size], 1.0)
    finish(see(Image.new("RGB", (50, 40), (128, 64, 32))))
    assert seen[0].shape == (1, 3, 56, 56)
    assert float(seen[0][0, 0, 5, 5]) == pytest.approx((128 / 255 - mean) / deviation, abs=1e-5)


TOLD_12B = {
    "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
    "intermediate_size": 14336, "vocab_size": 32003, "rms_norm_eps": 1e-5, "sliding_window": 4096,
    "max_position_embeddings": 32768,
}  # fmt: skip
TOLD_3B = {
    "hidden_size": 2304, "num_hidden_layers": 40, "num_attention_heads": 36, "num_key_value_heads": 36,
    "intermediate_size": 5760, "vocab_size": 122753, "rms_norm_eps": 1e-5, "scale_emb": 12, "scale_depth": 1.4,
    "dim_model_base": 256,
}  # fmt: skip


def _count(*modules: Any) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def test_the_12b_has_its_11_6_billion_parameters_and_makes_64_rows_of_1024_patches() -> None:
    with torch.device("meta"):
        tower, resampler = Eva02(EvaShape()), Resampler(64, 1792, 4096)
        language = transformers.MistralForCausalLM(parts.mistral(TOLD_12B))
    assert _count(tower, resampler, language) == 11_615_720_192
    assert _through(tower, resampler, 448) == ((1, 1024, 1792), (1, 64, 4096))
    assert language.config.max_position_embeddings == 4096


def test_the_3b_has_its_parameters_and_makes_64_rows_of_1024_patches() -> None:
    with torch.device("meta"):
        tower = Vit(VitShape(image=448, layers=26, gelu="none"))
        resampler = Resampler(64, 1152, 2304)
        shape = parts.granite(TOLD_3B)
        shape.tie_word_embeddings = True
        language = transformers.GraniteForCausalLM(shape)
    assert _count(tower, resampler, language) == 3_152_482_720
    assert _through(tower, resampler, 448) == ((1, 1024, 1152), (1, 64, 2304))
    assert (shape.logits_scaling, shape.embedding_multiplier, shape.attention_multiplier) == (9, 12, 1 / 8)
    assert shape.residual_multiplier == pytest.approx(1.4 / sqrt(40))


def _through(tower: Any, resampler: Any, side: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The shapes of what the tower and the resampler give."""
    hidden = tower.begin(torch.empty(1, 3, side, side, device="meta"))
    for block in tower.blocks:
        hidden = block(hidden)
    features = tower.end(hidden)
    return tuple(features.shape), tuple(resampler(features).shape)
