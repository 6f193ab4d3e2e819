"""A captioner with any image-text model that transformers itself knows: SmolVLM, Qwen-VL, LLaVA, Florence-2, …"""

from __future__ import annotations

from pydantic import Field

from pipelines import weights
from pipelines.backends import Looker
from pipelines.captioners.split import VisionOptions


class Hf(VisionOptions):
    """The weights are a folder as `from_pretrained` takes it, with safetensors; code in it is never run."""

    weights: str = "smolvlm-256m"
    """The name they were pulled by, or a path."""
    image_size: int = Field(default=640, ge=64, le=8192)
    """Pixels of the longer side that a model is shown at most; larger pictures are made smaller first.

    It bounds the work of models that take any size: 640×360 is 299 tokens for Qwen2.5-VL, 1280×720 would be 1196.
    """
    tiles: bool = False
    """Whether a model may cut the picture into tiles and encode each, as most do unless told otherwise.

    It reads smaller print, and costs a picture's time for each: for SmolVLM 1280×720 is 13 tiles and 832 tokens
    instead of one and 64. The model makes tiles of the picture as `image_size` left it.
    """
    task: str = "<CAPTION>"
    """Florence-2 only, which knows tasks and no questions: what is asked of a keyframe, and of a question that is none.

    `<CAPTION>`, `<DETAILED_CAPTION>`, `<MORE_DETAILED_CAPTION>`, `<OCR>`, `<OD>` (objects) and what else it knows.
    """

    def load(self) -> Looker:
        """Load the model, blocking for some seconds. Raises BackendError."""
        from pipelines.captioners.hf_model import from_folder

        return from_folder(weights.find(self.weights), self)
