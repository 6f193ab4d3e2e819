"""The processor of an image-text model: loaded without its video part, and kept from cutting pictures into tiles."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, ClassVar

from PIL import Image

from pipelines.backends import BackendError, first_line
from pipelines.language.loading import OFFLINE

SMALLEST = 28
"""Pixels of the shorter side at least: some processors refuse a picture 200 times as wide as it is high."""

VIDEO = "video_processor"

_SPLITTING = ("do_image_splitting", "crop_to_patches", "do_pan_and_scan")
"""What image processors call cutting a picture into tiles."""


def processor_of(folder: Path, config: Any) -> Any:
    """The processor of a checkpoint; without its video part where that lacks a package. Raises BackendError.

    `config`: the configuration of the model, as transformers reads it.
    """
    from transformers import AutoProcessor

    try:
        return AutoProcessor.from_pretrained(folder, **OFFLINE)
    except ImportError:
        return _without_video(folder, config)


def in_one_tile(processor: Any) -> None:
    """Have it show a picture as one tile, so far as its image processor can be told to."""
    images = processor.image_processor
    for name in _SPLITTING:
        if hasattr(images, name):
            setattr(images, name, False)
    if tile := getattr(images, "max_image_size", None):
        images.size = tile  # else it is first blown up to the size of many tiles, which takes 0.2 s


def fitted(image: Image.Image, longest: int) -> Image.Image:
    """The picture in RGB, neither side longer than `longest` pixels nor shorter than `SMALLEST`."""
    scale = min(1.0, longest / max(image.size))
    width, height = (max(SMALLEST, round(side * scale)) for side in image.size)
    if (width, height) == image.size:
        return image.convert("RGB")
    return image.convert("RGB").resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)


class _NoVideo(dict[str, Any]):
    """Stands where a video processor would; a dictionary, as processors write themselves as JSON."""

    model_input_names: ClassVar[list[str]] = []
    num_frames = None
    fps = None


def _without_video(folder: Path, config: Any) -> Any:
    """The same from its image processor and tokenizer alone: video needs torchvision, and a picture is no video."""
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    kind: Any = PROCESSOR_MAPPING[type(config)]

    class Others(kind):  # type: ignore[misc]  # which class it is, the checkpoint says
        @classmethod
        def get_attributes(cls) -> list[str]:
            return [name for name in kind.get_attributes() if name != VIDEO]

    class StillsOnly(kind):  # type: ignore[misc]
        @classmethod
        def _get_arguments_from_pretrained(cls, *given: Any, **more: Any) -> list[Any]:
            loaded = iter(Others._get_arguments_from_pretrained(*given, **more))
            return [_NoVideo() if name == VIDEO else next(loaded) for name in cls.get_attributes()]

        def check_argument_for_proper_class(self, name: str, argument: Any) -> Any:
            return _NoVideo if name == VIDEO else super().check_argument_for_proper_class(name, argument)

    module = sys.modules[kind.__module__]
    if getattr(module, "num2words", "") is None:
        module.num2words = str  # type: ignore[attr-defined]  # SmolVLM spells numbers in prompts about videos only
    try:
        return StillsOnly.from_pretrained(folder, **OFFLINE)
    except ImportError as error:
        raise BackendError(f"the weights {folder.name!r} need more to read pictures: {first_line(error)}") from error
