"""The parts of an OmniLMM out of its checkpoint: tower, resampler, language model, and how a picture goes through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from math import isqrt, sqrt
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from pipelines import checkpoints, room
from pipelines.backends import BackendError
from pipelines.captioners.omnilmm_prompts import MANNERS, Manner, Size, as_one, size_of
from pipelines.captioners.split import Prompting, SplitOptions, SplitVlm
from pipelines.language.causal import Causal, built
from pipelines.language.loading import Placed, dtype_told, loading, placement
from pipelines.vision import timm
from pipelines.vision.choice import vision_engine
from pipelines.vision.connectors import connected
from pipelines.vision.engines import Steps, VisionEngine, values
from pipelines.vision.eva02 import Eva02
from pipelines.vision.pictures import CLIP_DEVIATION, CLIP_MEAN, HALF, normalised, square
from pipelines.vision.resampler import Resampler, waves
from pipelines.vision.vit import Vit

Tensors = dict[str, Tensor]
Config = dict[str, Any]
"""What `config.json` says."""

LARGEST = 2000
"""Pixels of a side at most: places are drawn out to it before anything else is known of the tower. Published is 448."""
_UNTIL_WINDOW = 4096
"""So many tokens a Mistral reads before its sliding window matters: within them it is left out."""
_ENLARGES = "embedding_multiplier"
"""What Granite calls the factor of all it is given; others have none."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What tells the two checkpoints apart: how their tensors' names begin, and what is built of them."""

    tower: str
    resampler: str
    language: str
    build: Callable[[Tensors, Config, torch.dtype], Eva02 | Vit]
    """The tower."""
    shape: Callable[[Config], Any]
    """The configuration of the language model."""
    mean: tuple[float, float, float] = HALF
    deviation: tuple[float, float, float] = HALF


@dataclass(frozen=True, slots=True)
class Eyes:
    """What makes rows of a picture."""

    tower: Eva02 | Vit
    resampler: Resampler


def load(folder: Path, options: SplitOptions) -> SplitVlm:
    """A Looker out of a folder. Raises BackendError, for too little memory before anything is read."""
    told = checkpoints.config(folder)
    size = size_of(told, folder)
    saved = dtype_told(told)
    on = placement(options.device, options.precision, saved or torch.bfloat16)  # both were published in half precision
    room.check_weights(f"OmniLMM-{size} ({folder.name})", on, folder)
    anatomy, manner = ANATOMIES[size], MANNERS[size]
    with loading(folder):
        tensors = dict(checkpoints.tensors(folder))
        try:
            eyes, model = eyes_of(anatomy, tensors, told, on), decoder_of(anatomy, tensors, told, on)
        except KeyError as error:
            raise BackendError(f"{folder.name} is no whole OmniLMM-{size}: it lacks {error.args[0]!r}") from error
        tokenizer = tokenizer_of(folder, manner, len(model.get_input_embeddings().weight))
        engine = Causal(model, tokenizer, options.threads)
    vision, multiplier = vision_engine(eyes.tower, options.vision, options.threads), getattr(model.config, _ENLARGES, 1)
    see = seeing(vision, eyes, anatomy, multiplier)
    del tensors, eyes  # a compiled engine needs no tower
    room.give_back()
    prompting = Prompting(manner.write, cut=as_one(tokenizer.bos_token_id, manner.stands))
    return SplitVlm(see, engine, prompting, options, vision.notice)


def seeing(engine: VisionEngine, eyes: Eyes, anatomy: Anatomy, multiplier: float) -> Callable[[Image.Image], Steps]:
    """From a picture to rows (queries × width). The tower belongs to the engine alone.

    `multiplier`: what the language model multiplies all it is given by; pictures are not meant, so it is undone.
    """
    side, resampler = eyes.tower.shape.image, eyes.resampler

    def see(image: Image.Image) -> Steps:
        pixels = normalised(square(image, side), anatomy.mean, anatomy.deviation)
        features = yield from engine.features(pixels[None])
        return values(connected(resampler, torch.from_numpy(features))[0]) / multiplier

    return see


def eyes_of(anatomy: Anatomy, tensors: Tensors, told: Config, on: Placed) -> Eyes:
    """Tower and resampler. Raises KeyError or BackendError for what is lacking."""
    if not 1 <= int(told["image_size"]) <= LARGEST:
        raise BackendError(f"config.json has an image_size of {told['image_size']}, beyond {LARGEST}: pull it anew")
    tower = anatomy.build(_below(anatomy.tower, tensors), told, on.dtype)
    queries, width = int(told.get("num_query") or told["query_num"]), int(told["hidden_size"])
    found = _below(anatomy.resampler, tensors)
    if found["query"].shape != (queries, width):
        raise BackendError(
            f"config.json speaks of {queries} rows of {width} numbers, the weights have {tuple(found['query'].shape)}: "
            "pull them anew"
        )
    found = {"pos_embed": waves(width, isqrt(queries))} | found
    with torch.device("meta"):
        resampler = Resampler(queries, tower.shape.width, width)
    checkpoints.fill(resampler, iter(found.items()), str, on.dtype)
    return Eyes(tower.to(on.device), resampler.to(on.device))


def decoder_of(anatomy: Anatomy, tensors: Tensors, told: Config, on: Placed) -> Any:
    """The language model. Raises KeyError or BackendError for what is lacking."""
    eyes = (anatomy.tower, anatomy.resampler)
    words = {name.removeprefix(anatomy.language): t for name, t in tensors.items() if not name.startswith(eyes)}
    shape = anatomy.shape(told)
    shape.tie_word_embeddings = "lm_head.weight" not in words
    return built(shape, iter(words.items()), str, on)


def tokenizer_of(folder: Path, manner: Manner, rows: int) -> Any:
    """The tokenizer as published, with the marks of the prompt; `rows`: how many words the language model knows.

    Raises BackendError where the model has no row for a mark.
    """
    import transformers

    whole = (folder / "tokenizer.json").is_file()
    if not whole and not (folder / "tokenizer.model").is_file():
        raise BackendError(f"{folder.name} holds no tokenizer.json and no tokenizer.model: pull it anew")
    if not whole and find_spec("sentencepiece") is None:
        raise BackendError(f"{folder.name} has its words in a tokenizer.model: pip install sentencepiece")
    kind = transformers.PreTrainedTokenizerFast if whole else transformers.LlamaTokenizer
    tokenizer = kind.from_pretrained(folder, local_files_only=True)
    known = tokenizer.get_vocab()
    tokenizer.add_tokens([mark for mark in manner.marks if mark not in known], special_tokens=True)
    strange = [mark for mark in manner.marks if tokenizer.convert_tokens_to_ids(mark) >= rows]
    if strange or len(tokenizer.encode(manner.stands, add_special_tokens=False)) > 2:
        raise BackendError(f"{folder.name} does not know {', '.join(strange) or manner.stands}: pull it anew")
    return tokenizer


def _eva(tensors: Tensors, told: Config, dtype: torch.dtype) -> Eva02:
    shape = timm.eva_shape(tensors, int(told["image_size"]))
    with torch.device("meta"):
        tower = Eva02(shape)
    checkpoints.fill(tower, timm.as_eva(tensors, shape.grid), str, dtype)
    return tower


def _siglip(tensors: Tensors, told: Config, dtype: torch.dtype) -> Vit:
    shape = timm.vit_shape(tensors, int(told["image_size"]), bool(told["drop_vision_last_layer"]))
    with torch.device("meta"):
        tower = Vit(shape)
    checkpoints.fill(tower, timm.as_vit(tensors, shape.grid), str, dtype)
    return tower


def mistral(told: Config) -> Any:
    """Zephyr, which is Mistral."""
    from transformers import MistralConfig

    context = min(told.get("max_position_embeddings", _UNTIL_WINDOW), told.get("sliding_window") or _UNTIL_WINDOW)
    return MistralConfig(
        **_shared(told), max_position_embeddings=context, sliding_window=None, architectures=["MistralForCausalLM"]
    )


def granite(told: Config) -> Any:
    """MiniCPM, which is Granite with the multipliers that its own configuration gives other names."""
    from transformers import GraniteConfig

    width, layers, heads = told["hidden_size"], told["num_hidden_layers"], told["num_attention_heads"]
    return GraniteConfig(
        **_shared(told),
        max_position_embeddings=told.get("max_position_embeddings", 2048),
        embedding_multiplier=told["scale_emb"],
        residual_multiplier=told["scale_depth"] / sqrt(layers),
        logits_scaling=width / told["dim_model_base"],
        attention_multiplier=(width // heads) ** -0.5,
        architectures=["GraniteForCausalLM"],
    )


def _shared(told: Config) -> Config:
    """What the configurations of all decoders say alike."""
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    own = {name: told[name] for name in (*names, "rms_norm_eps")}
    own["num_key_value_heads"] = told.get("num_key_value_heads", told["num_attention_heads"])
    own["rope_parameters"] = {"rope_type": "default", "rope_theta": told.get("rope_theta", 10000.0)}
    return own | {name: told[name] for name in ("bos_token_id", "eos_token_id") if name in told}


def _below(prefix: str, tensors: Tensors) -> Tensors:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


ANATOMIES: dict[Size, Anatomy] = {
    "12B": Anatomy("model.vision_tower.", "model.resampler.", "", _eva, mistral, CLIP_MEAN, CLIP_DEVIATION),
    "3B": Anatomy("vpm.", "resampler.", "llm.", _siglip, granite),
}
