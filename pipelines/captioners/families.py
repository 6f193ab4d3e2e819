"""Which models can see, and which backend reads a folder of weights: told by its configuration and its files."""

from __future__ import annotations

from pathlib import Path

from pipelines import checkpoints
from pipelines.backends import BackendError, first_line, missing
from pipelines.captioners.hf import Hf

FAMILIES = {
    "minicpmv": "omnilmm",
    "moondream1": "moondream",
    "nano-omini-vlm": "omnivision",
    "omini_vlm": "omnivision",
    "omnilmm": "omnilmm",
    "ovis": "ovis",
}
"""From the `model_type` in a config.json to the backend; transformers' own types are looked up there."""

PROCESSORS = ("preprocessor_config.json", "processor_config.json")


def backend_for(path: Path) -> str:
    """The name of the captioner for a checkpoint. Raises BackendError, saying what to do, where none is known."""
    folder = path if path.is_dir() else path.parent
    if projectors := sorted(folder.glob("*mmproj*.gguf")):
        return "omnivision" if _architecture(projectors[0]) == "siglip" else "llamacpp"
    kind = str(checkpoints.config(folder).get("model_type", ""))
    if kind in FAMILIES:
        return FAMILIES[kind]
    if kind == "llava" and not any((folder / name).is_file() for name in PROCESSORS):
        return "omnivision"  # it knows itself how pictures are prepared; transformers would have to be told
    check_sight(folder, kind)
    return "hf"


def check_sight(folder: Path, kind: str) -> None:
    """Raises BackendError where transformers knows no model of this type that takes pictures and words."""
    if line := missing(Hf):
        raise BackendError(line)
    try:
        from transformers.models.auto import modeling_auto

        seeing = modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
        speaking = modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    except ImportError as error:  # with a torch too old the module is there, and nothing in it
        raise BackendError("needs torch and transformers: pip install 'omni-assistant[neural]'") from error
    if kind in seeing:
        return
    if kind in speaking:
        raise BackendError(f"{folder.name!r} ({kind}) is a language model and cannot see: use it as [chat]")
    raise BackendError(
        f"{folder.name!r}: no captioner is known for the model type {kind!r}: name its backend, or choose another"
    )


def _architecture(file: Path) -> str:
    """What a GGUF file says it is; empty where it says nothing. Raises BackendError."""
    field = checkpoints.gguf_reader(file).fields.get("general.architecture")
    try:
        return str(field.contents()) if field else ""
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise BackendError(f"{file} is damaged, pull it anew: {first_line(error)}") from error
