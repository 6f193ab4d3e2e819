"""moondream2 put together from a checkpoint of either revision: what it sees, what it says, and where things are."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from devices.media import Frame
from pipelines import checkpoints, room, weights
from pipelines.backends import BackendError
from pipelines.captioners import moondream_prompts as prompting
from pipelines.captioners import moondream_weights
from pipelines.captioners.moondream_places import Place, StatefulCausal, Walk, places
from pipelines.captioners.moondream_prompts import BEGIN, Prompts, Task
from pipelines.captioners.moondream_weights import Weights
from pipelines.captioners.split import Prompting, SplitVlm
from pipelines.language.causal import built
from pipelines.language.engine import Limits, stream
from pipelines.language.loading import Placed, loading, placement
from pipelines.language.spans import Picture
from pipelines.vision.choice import vision_engine
from pipelines.vision.connectors import StripMlp
from pipelines.vision.engines import Steps, VisionEngine, finish, values
from pipelines.vision.moondream import Cropping, CropSight, SquareSight
from pipelines.vision.moondream_regions import Regions, RegionShape
from pipelines.vision.vit import Vit

if TYPE_CHECKING:
    from pipelines.captioners.moondream import MoondreamOptions


class MoondreamVlm(SplitVlm):
    """A Looker that also answers without a picture and, in 2025, tells where things are."""

    def __init__(
        self,
        see: Callable[[Image.Image], Steps],
        language: StatefulCausal,
        prompts: Prompts,
        regions: Regions | None,
        options: MoondreamOptions,
    ) -> None:
        super().__init__(see, language, Prompting(prompts.ask, whole=prompts.whole, cut=prompting.cut), options)
        self.language, self.prompts, self._regions = language, prompts, regions

    def encode(self, image: Image.Image) -> Picture:
        """A picture as rows."""
        return finish(self.picture(Frame(np.asarray(image.convert("RGB")), 0.0, "image")))

    def answer(self, prompt: str, picture: Picture | None, limits: Limits) -> Generator[str, None, None]:
        """The answer to a whole prompt in pieces; some may be empty."""
        return stream(self.reader, self.spans(prompt, picture), limits)

    def find(self, task: Task, words: str, picture: Picture, most: int) -> list[Place]:
        """Where things of this kind are. Raises BackendError where the checkpoint has no heads for regions."""
        if self._regions is None or task not in self.prompts.regions:
            raise BackendError(f"{task} needs the region heads of moondream2 of 2025, which these weights lack")
        prompt = self.spans(self.prompts.regions[task](words), picture)
        return places(task, Walk(self.language, self.reader, self._regions, prompt), most)


def load(options: MoondreamOptions) -> MoondreamVlm:
    """Either revision, as its tensors tell. Raises BackendError."""
    path = weights.find(options.weights)
    folder = path if path.is_dir() else path.parent
    with loading(path):
        on = placement(options.device, options.precision, _saved(path))
        room.check_weights("moondream2", on, path)
        found = moondream_weights.read(path, checkpoints.config(folder), on.dtype)
        tokenizer = _tokenizer(folder, found)
        config = moondream_weights.phi_config(found, tokenizer.bos_token_id)
        language = StatefulCausal(built(config, found.part("text"), str, on), tokenizer, options.threads)
        tower, projection, regions = _tower(found, on), _projection(found, on), _regions(found, on)
    vision = vision_engine(tower, options.vision, options.threads)
    del tower  # a compiled engine needs none
    with loading(path):
        see = _sight(found, vision, projection, language, options.crops)
    made = MoondreamVlm(see, language, _prompts(found), regions, options)
    made.stand_in = vision.notice
    return made


def _saved(path: Path) -> torch.dtype | None:
    """The number format of the file."""
    return next((tensor.dtype for _, tensor in checkpoints.tensors(path) if tensor.is_floating_point()), None)


def _sight(
    found: Weights, vision: VisionEngine, projection: StripMlp, language: StatefulCausal, crops: bool
) -> SquareSight | CropSight:
    """What turns pictures into rows."""
    shape = moondream_weights.vit_shape(found)
    if found.revision == "2024-04-02":
        return SquareSight(vision, projection, shape.image)
    told = found.section("vision")
    margin, most = int(told.get("overlap_margin", 4)), int(told.get("max_crops", 12))
    begin = language.model.get_input_embeddings().weight[language.tokenizer.bos_token_id]
    cropping = Cropping(shape.image, shape.patch, margin, most)
    return CropSight(vision, projection, cropping, values(begin.detach()[None]), crops)


def _tower(found: Weights, on: Placed) -> Vit:
    with torch.device("meta"):
        tower = Vit(moondream_weights.vit_shape(found))
    checkpoints.fill(tower, found.part("vision"), str, on.dtype)
    return tower.to(on.device)


def _projection(found: Weights, on: Placed) -> StripMlp:
    taken, hidden = found.size("projection.linear_1.weight", 1), found.size("projection.linear_1.weight", 0)
    with torch.device("meta"):
        projection = StripMlp(taken, hidden, found.size("projection.linear_2.weight", 0), gelu="tanh")
    checkpoints.fill(projection, found.part("projection"), str, on.dtype)
    return projection.to(on.device)


def _regions(found: Weights, on: Placed) -> Regions | None:
    """The heads that tell where things are, if there are any."""
    if not any(found.part("region")):
        return None
    shape = RegionShape(
        width=found.size("region.coord_encoder.weight", 0),
        hidden=found.size("region.coord_decoder.fc1.weight", 0),
        coordinate_features=found.size("region.coord_encoder.weight", 1),
        size_features=found.size("region.size_encoder.weight", 1),
        bins=found.size("region.coord_decoder.fc2.weight", 0),
    )
    with torch.device("meta"):
        heads = Regions(shape)
    checkpoints.fill(heads, found.part("region"), str, on.dtype)
    return heads.to(on.device)


def _tokenizer(folder: Path, found: Weights) -> Any:
    """The tokenizer. Raises BackendError where it is another model's, as it is in the folder of 2025 as published.

    Read straight from its file: `AutoTokenizer` would ask on the terminal whether to run the code that lies beside it.
    """
    import transformers

    beside = [folder / "starmie-v1", folder.parent / "starmie-v1"] if found.revision != "2024-04-02" else []
    file = next((file for one in [*beside, folder] if (file := one / "tokenizer.json").is_file()), None)
    if file is None:
        raise BackendError(f"{folder} holds no tokenizer.json: pull the weights anew")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(file), bos_token=BEGIN, eos_token=BEGIN)
    begin = tokenizer.bos_token_id
    wanted = begin if found.revision == "2024-04-02" else int(found.section("tokenizer").get("bos_id", 0))
    if begin != wanted or begin >= found.size("text.model.embed_tokens.weight", 0):
        raise BackendError(
            f"{folder} holds the tokenizer of another model: put tokenizer.json of moondream/starmie-v1 "
            f"into {folder / 'starmie-v1'}, or pull it beside: omni models pull starmie-v1"
        )
    return tokenizer


def _prompts(found: Weights) -> Prompts:
    if found.revision == "2024-04-02":
        return prompting.of_2024()
    return prompting.of_2025({**prompting.TEMPLATES, **(found.section("tokenizer").get("templates") or {})})
