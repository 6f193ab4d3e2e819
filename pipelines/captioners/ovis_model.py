"""Ovis1.6 loaded: its tower, its visual table and its language model, and what the facade asks of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pipelines import checkpoints, room
from pipelines.backends import BackendError
from pipelines.captioners import given
from pipelines.captioners.ovis import OvisOptions, write
from pipelines.captioners.split import PICTURE
from pipelines.language import causal
from pipelines.language.causal import Causal
from pipelines.language.engine import Limits, Reader, tokens
from pipelines.language.loading import OFFLINE, Placed, dtype_told, loading, placement
from pipelines.language.spans import Picture, Span, Tokens
from pipelines.vision.choice import vision_engine
from pipelines.vision.connectors import connected
from pipelines.vision.engines import Steps, Values, VisionEngine, finish, values
from pipelines.vision.ovis import OvisShape, VisualTable
from pipelines.vision.partition import ATOM, INDICATORS, Parts, cut
from pipelines.vision.vit import Vit, VitShape

IMAGE = "<image>"


@dataclass(slots=True)
class OvisModel:
    """The parts of a loaded model."""

    vision: VisionEngine
    table: VisualTable
    language: Causal
    side: int
    """Pixels of each side that the tower takes."""
    partitions: int
    scale: float
    """What rows are multiplied by: Gemma enlarges every embedding, and transformers now does so for words only."""

    def see(self, image: Image.Image) -> Steps:
        """A picture as rows."""
        return self.rows(cut(image, self.side, self.partitions))

    def rows(self, parts: Parts) -> Steps:
        """A cut picture as rows (positions, width)."""
        features = yield from self.vision.features(parts.pixels)
        rows = connected(self.table, torch.from_numpy(features))
        return values(self.table.placed(rows, parts.placeholders) * self.scale)

    def preprocess(self, query: str, images: Sequence[Image.Image], most: int) -> tuple[str, Tensor, Tensor]:
        """See `Ovis.preprocess_inputs`."""
        texts = query.split(IMAGE)
        if len(texts) != len(images) + 1:
            raise BackendError(f"the query has {len(texts) - 1} {IMAGE}, but {len(images)} images came with it")
        cuts = [cut(image, self.side, most) for image in images]
        prompt = write(query, ()).replace(f"{PICTURE}\n", "")
        words = [self.language.encode(text) for text in prompt.split(IMAGE)]
        ids = list(words[0])
        for parts, text in zip(cuts, words[1:], strict=True):
            ids += [*parts.placeholders, *text]
        pixels = np.concatenate([parts.pixels for parts in cuts]) if cuts else np.zeros((0, 3, self.side, self.side))
        return prompt, torch.tensor(ids), torch.from_numpy(pixels)

    def generate(self, input_ids: Tensor, pixel_values: Sequence[Tensor], wanted: dict[str, Any]) -> Tensor:
        """See `Ovis.generate`."""
        if input_ids.ndim != 2 or input_ids.shape[0] != 1 or not input_ids.shape[1]:
            raise BackendError("one prompt at a time: input_ids has the shape (1, length)")
        self._check_known(input_ids[0].tolist())
        pixels = [one for one in pixel_values if one is not None]
        spans = list(self._spans(input_ids[0].tolist(), torch.cat(pixels).float().cpu().numpy() if pixels else None))
        made = list(tokens(Reader(self.language), spans, _limits(wanted)))
        return torch.tensor([made], dtype=torch.long, device=input_ids.device)

    def _check_known(self, ids: Sequence[int]) -> None:
        """Raises BackendError for a token that is no word of the model and no placeholder."""
        words = self.language.model.get_input_embeddings().num_embeddings
        strange = [one for one in ids if not 0 <= one < words and one not in (ATOM, *INDICATORS)]
        if strange:
            raise BackendError(f"input_ids holds {strange[0]}, which is no token: take those of preprocess_inputs")

    def _spans(self, ids: list[int], pixels: Values | None) -> Iterator[Span]:
        """Words as they are; each run of placeholders as the picture it stands for."""
        taken = 0
        for is_picture, run in groupby(ids, lambda one: one < 0):
            found = tuple(run)
            if not is_picture:
                yield Tokens(found)
                continue
            for placed in _pictures(found):
                count = placed.count(ATOM)
                if pixels is None or taken + count > len(pixels):
                    raise BackendError("input_ids holds more parts of pictures than pixel_values")
                parts = Parts(pixels[taken : taken + count], placed)
                taken += count
                yield Picture(blake2b(parts.pixels.tobytes()).hexdigest(), finish(self.rows(parts)))


def load(folder: Path, options: OvisOptions) -> OvisModel:
    """Load a checkpoint as it is published. Raises BackendError."""
    told = checkpoints.config(folder)
    if not {"llm_config", "visual_tokenizer_config"} <= told.keys():
        raise BackendError(
            f"{folder.name} is no Ovis1.6: its config.json has no llm_config and visual_tokenizer_config"
        )
    saved = dtype_told(told)
    on = placement(options.device, options.precision, saved or torch.bfloat16)
    room.check_weights(folder.name, on, folder)
    with loading(folder):
        language = _language(folder, told["llm_config"], options.threads, on)
        tower, table = _eyes(folder, told["visual_tokenizer_config"], language.width, on)
    side, scale = tower.shape.image, _enlarged(language.width, on.dtype)
    vision = vision_engine(tower, options.vision, options.threads)
    return OvisModel(vision, table, language, side, options.partitions, scale)


def _language(folder: Path, told: dict[str, Any], threads: int, on: Placed) -> Causal:
    """The language model, with no more context than its window."""
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **OFFLINE)
    config = _language_config(told)
    decoder = causal.built(config, checkpoints.tensors(folder), checkpoints.prefixed("llm."), on)
    language = Causal(decoder, tokenizer, threads)
    language.context = min(language.context, config.sliding_window or language.context)
    if language.context < 1:
        raise BackendError(f"config.json has a sliding_window of {config.sliding_window}: pull the weights anew")
    return language


def _eyes(folder: Path, told: dict[str, Any], width: int, on: Placed) -> tuple[Vit, VisualTable]:
    """Tower and visual table; `width`: that of the language model."""
    shape = _tower_shape(told["backbone_config"])
    with torch.device("meta"):
        tower = Vit(shape)
        table = VisualTable(OvisShape(shape.width, told["vocab_size"], width, told.get("hidden_stride", 1)))
    backbone = checkpoints.prefixed("visual_tokenizer.backbone.", lambda name: name.removeprefix("vision_model."))
    checkpoints.fill(tower, checkpoints.tensors(folder), backbone, on.dtype)
    checkpoints.fill(table, checkpoints.tensors(folder), _of_table, on.dtype)
    return tower.to(on.device), table.to(on.device)


def _language_config(told: dict[str, Any]) -> Any:
    """Gemma's configuration. Up to the length of its window, sliding attention is full attention, and that can be
    forgotten in part: the context is kept to the window."""
    import transformers

    kind = told.get("model_type", "gemma2")
    config = transformers.AutoConfig.for_model(
        kind, **{key: value for key, value in told.items() if key != "model_type"}
    )
    config.architectures = config.architectures or ["Gemma2ForCausalLM"]
    config.layer_types = ["full_attention"] * config.num_hidden_layers
    return config


def _tower_shape(told: dict[str, Any]) -> VitShape:
    """SigLIP's sizes; the features are those of the last block, before the closing normalisation."""
    return VitShape(
        width=told.get("hidden_size", 1152), hidden=told.get("intermediate_size", 4304),
        layers=told.get("num_hidden_layers", 27), heads=told.get("num_attention_heads", 16),
        image=told.get("image_size", 384), patch=told.get("patch_size", 14), final_norm=False,
    )  # fmt: skip


def _of_table(name: str) -> str | None:
    if name == "vte.weight":
        return name
    return checkpoints.prefixed("visual_tokenizer.")(name) if name.startswith("visual_tokenizer.head.") else None


def _enlarged(width: int, dtype: torch.dtype) -> float:
    """Gemma's factor, rounded as it is in the model's number format."""
    return float(torch.tensor(width**0.5, dtype=dtype))


def _pictures(placeholders: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """One run of placeholders for each picture: it begins with the first indicator."""
    begins = [place for place, one in enumerate(placeholders) if one == INDICATORS[0]] + [len(placeholders)]
    if begins[0] != 0:
        raise BackendError("input_ids holds placeholders that are no picture: take those of preprocess_inputs")
    for begin, end in pairwise(begins):
        yield placeholders[begin:end]


def _limits(wanted: dict[str, Any]) -> Limits:
    """How `generate` of transformers would understand these arguments."""
    drawn = bool(wanted.get("do_sample"))
    chance = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} if drawn else {}
    told = {name: wanted.get(name) or usual for name, usual in (chance | {"repetition_penalty": 1.0}).items()}
    most = wanted.get("max_new_tokens")
    return Limits(1024 if most is None else given.whole("max_new_tokens", most, given.MOST_TOKENS), given.drawn(told))
