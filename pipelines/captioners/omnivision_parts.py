"""OmniVision's parts out of its files: SigLIP tower, strip projector and Qwen2.5, and the pictures that go through."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor, nn

from pipelines import checkpoints, room
from pipelines.backends import BackendError
from pipelines.language import causal, llamacpp
from pipelines.language.engine import Engine
from pipelines.language.gguf import from_gguf
from pipelines.language.loading import OFFLINE, Placed, loading, placement
from pipelines.vision.choice import vision_engine
from pipelines.vision.connectors import StripMlp, connected
from pipelines.vision.engines import Steps, VisionEngine, values
from pipelines.vision.pictures import normalised, square
from pipelines.vision.vit import Vit, VitShape

if TYPE_CHECKING:
    from pipelines.captioners.omnivision import OmniVision

_GGUF = {
    "v.patch_embd": "tower.embeddings.patch_embedding",
    "v.position_embd": "tower.embeddings.position_embedding",
    "v.post_ln": "tower.post_layernorm",
    "mm.0": "connector.linear_1",
    "mm.2": "connector.linear_2",
}
_GGUF_BLOCK = {
    "ln1": "layer_norm1", "ln2": "layer_norm2", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_out": "self_attn.out_proj",
    "ffn_down": "mlp.fc1", "ffn_up": "mlp.fc2",  # the file has these two the other way round
}  # fmt: skip
_LAYERS = {"0": "linear_1", "2": "linear_2"}


@dataclass(frozen=True, slots=True)
class Found:
    """Where a checkpoint's parts lie: one folder of safetensors twice, or a pair of GGUF files."""

    vision: Path
    language: Path

    @property
    def name(self) -> str:
        """What the variant may be told from: the names of the folder and of the files."""
        return f"{self.vision.parent.name}/{self.vision.name}/{self.language.name}"


class Eyes(nn.Module):
    """Tower and projector; made on the meta device, then filled."""

    def __init__(self, shape: VitShape, hidden: int, width: int, group: int) -> None:
        super().__init__()
        self.tower = Vit(shape)
        self.connector = StripMlp(shape.width, hidden, width, group)

    @property
    def rows(self) -> int:
        """How many positions of the language model a picture takes."""
        return self.tower.shape.grid**2 // self.connector.group


def find(path: Path) -> Found:
    """The files of a checkpoint. Raises BackendError where it is none."""
    folder = path if path.is_dir() else path.parent
    projectors = sorted(folder.glob("*mmproj*.gguf"))
    languages = [file for file in sorted(folder.glob("*.gguf")) if file not in projectors]
    if not projectors and not languages:
        checkpoints.files(folder)
        return Found(folder, folder)
    if path in languages:
        languages = [path]
    if len(projectors) != 1 or len(languages) != 1:
        raise BackendError(
            f"{folder} holds {len(languages)} language models and {len(projectors)} mmproj files in GGUF: "
            "keep one mmproj*.gguf there, and name the file of one language model"
        )
    return Found(projectors[0], languages[0])


def load(found: Found, options: OmniVision) -> tuple[Callable[[Image.Image], Steps], Engine, str]:
    """What encodes pictures, the language model, and what a person is told of them.

    Raises BackendError; where memory is too small, before anything is read.
    """
    on = placement(options.device, options.precision, _saved(found.vision))
    room.check_weights(f"OmniVision ({found.language.name})", on, *{found.vision, found.language})
    with loading(found.vision):
        eyes = _eyes(found, on)
    if options.variant == "preview" and eyes.connector.group != 1:
        raise BackendError(f"{found.vision.name} makes {eyes.rows} tokens of a picture, it is not the preview")
    rows = eyes.connector.linear_2.out_features
    vision = vision_engine(eyes.tower, options.vision, options.threads)
    see = seeing(eyes, vision)
    del eyes  # a compiled engine needs no tower: its memory is the language model's
    room.give_back()
    language = _language(found, on, options)
    if language.width != rows:
        raise BackendError(f"{found.vision.name} and {found.language.name} do not belong together: their widths differ")
    return see, language, vision.notice


def seeing(eyes: Eyes, engine: VisionEngine) -> Callable[[Image.Image], Steps]:
    """From a picture to rows (positions × width of the language model). The tower belongs to the engine alone."""
    # A copy: its own tensors lie in the mapped file, all of which stays in memory as long as one of them does.
    side, connector = eyes.tower.shape.image, deepcopy(eyes.connector)

    def see(image: Image.Image) -> Steps:
        features = yield from engine.features(normalised(square(image, side))[None])
        return values(connected(connector, torch.from_numpy(features))[0])

    return see


def _language(found: Found, on: Placed, options: OmniVision) -> Engine:
    """What runs the language model."""
    if _is_llamacpp(found, on, options):
        return llamacpp.from_file(found.language, options.threads)
    if found.language.suffix == ".gguf":
        return from_gguf(found.language, options.threads, on)
    told = checkpoints.config(found.language).get("text_config", {})
    with loading(found.language):
        import transformers

        tensors = dict(_renamed(found.language, _language_name))
        own = {"architectures": ["Qwen2ForCausalLM"], "tie_word_embeddings": "lm_head.weight" not in tensors}
        config = transformers.Qwen2Config(**(told | own))
        model = causal.built(config, iter(tensors.items()), str, on)
        tokenizer = transformers.AutoTokenizer.from_pretrained(found.language, **OFFLINE)
        return causal.Causal(model, tokenizer, options.threads)


def _is_llamacpp(found: Found, on: Placed, options: OmniVision) -> bool:
    """Whether llama.cpp reads the words. Raises BackendError where it is wanted and cannot."""
    fits = found.language.suffix == ".gguf" and on.device.type == "cpu"
    if options.decoder == "llamacpp" and not fits:
        raise BackendError('decoder = "llamacpp" takes a GGUF language model, on a processor: set decoder = "auto"')
    there = importlib.util.find_spec("llama_cpp") is not None
    if options.decoder == "llamacpp" and not there:
        raise BackendError("decoder = \"llamacpp\" needs llama_cpp: pip install 'omni-assistant[llamacpp]'")
    return fits and there and options.decoder != "transformers"


def _eyes(found: Found, on: Placed) -> Eyes:
    tensors = {name: tensor.to(on.dtype) for name, tensor in _renamed(found.vision, vision_name)}
    try:
        widened, hidden, width = _projector(tensors)
        shape = _shape(tensors, _told(found.vision))
    except KeyError as error:
        raise BackendError(f"{found.vision} is no OmniVision: it lacks {error.args[0]}") from error
    with torch.device("meta"):
        eyes = Eyes(shape, hidden, width, widened // shape.width)
    checkpoints.fill(eyes, iter(tensors.items()), str, on.dtype)
    return eyes.to(on.device)


def _renamed(path: Path, rename: checkpoints.Rename) -> Iterator[tuple[str, Tensor]]:
    return ((own, tensor) for name, tensor in checkpoints.tensors(path) if (own := rename(name)) is not None)


def _projector(tensors: dict[str, Tensor]) -> tuple[int, int, int]:
    """Inputs, hidden units and outputs."""
    hidden, widened = tensors["connector.linear_1.weight"].shape
    return widened, hidden, tensors["connector.linear_2.weight"].shape[0]


def _shape(tensors: dict[str, Tensor], told: dict[str, Any]) -> VitShape:
    """The size of the tower, from its weights; what they cannot tell is `told`, or as in SigLIP so400m."""
    width, _, _, patch = tensors["tower.embeddings.patch_embedding.weight"].shape
    layers = sum(name.endswith("layer_norm1.weight") for name in tensors)
    hidden = tensors["tower.encoder.layers.0.mlp.fc1.weight"].shape[0]
    return VitShape(width=width, hidden=hidden, layers=layers, patch=patch, **told)


def _told(vision: Path) -> dict[str, Any]:
    """Heads, sides in pixels and epsilon, where the checkpoint says them."""
    if vision.suffix == ".gguf":
        fields = checkpoints.gguf_reader(vision).fields
        names = {"attention.head_count": "heads", "image_size": "image", "attention.layer_norm_epsilon": "epsilon"}
        ends = {f".vision.{name}": own for name, own in names.items()}
        return {
            own: field.contents() for key, field in fields.items() for end, own in ends.items() if key.endswith(end)
        }
    given = checkpoints.config(vision).get("vision_config", {})
    names = {"num_attention_heads": "heads", "image_size": "image", "layer_norm_eps": "epsilon"}
    return {own: given[name] for name, own in names.items() if name in given}


def vision_name(name: str) -> str | None:
    """A tensor's name in `Eyes`, from its name in GGUF, in old or in new checkpoints of transformers."""
    stem, _, kind = name.rpartition(".")
    if stem in _GGUF:
        return f"{_GGUF[stem]}.{kind}"
    if block := re.fullmatch(r"v\.blk\.(\d+)\.(\w+)", stem):
        return f"tower.encoder.layers.{block[1]}.{_GGUF_BLOCK[block[2]]}.{kind}" if block[2] in _GGUF_BLOCK else None
    if found := re.fullmatch(r"(?:model\.)?vision_tower\.(?:vision_model\.)?(?!head\.)(.+)", name):
        return f"tower.{found[1]}"
    if found := re.fullmatch(r"(?:model\.)?multi_modal_projector\.(\w+)\.(\w+)", name):
        return f"connector.{_LAYERS.get(found[1], found[1])}.{found[2]}"
    return None


def _language_name(name: str) -> str | None:
    """A tensor's name in Qwen2ForCausalLM, from its name in old or in new checkpoints."""
    if name.endswith("lm_head.weight"):
        return "lm_head.weight"
    found = re.fullmatch(r"(?:model\.)?language_model\.(?:model\.)?(.+)", name)
    return f"model.{found[1]}" if found else None


def _saved(vision: Path) -> torch.dtype:
    """The number format of the file; what is quantised in GGUF is computed in half precision."""
    if vision.suffix == ".gguf":
        kinds = {tensor.name: tensor.tensor_type.name for tensor in checkpoints.gguf_reader(vision).tensors}
        known = {"F32": torch.float32, "BF16": torch.bfloat16}
        return known.get(kinds.get("mm.0.weight", ""), torch.float16)
    named = (tensor.dtype for name, tensor in checkpoints.tensors(vision) if "multi_modal_projector" in name)
    return next(named, torch.float32)
