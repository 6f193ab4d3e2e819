"""OmniVision-968M, also called OmniVLM: v1, v2, OCR and preview, from its pair of GGUF files or from safetensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

from pipelines import weights
from pipelines.backends import Exchange
from pipelines.captioners.split import PICTURE, Prompting, SplitOptions, SplitVlm

Variant = Literal["auto", "instruct", "ocr", "preview"]
Order = Literal["first", "last"]
Decoder = Literal["auto", "transformers", "llamacpp"]

SYSTEM = "You are Nano-Omni-VLM, created by Nexa AI. You are a helpful assistant."
HEADER = "assistant\n"
"""What is left, without its marks, of the header that the model itself writes before its answer."""

_EYES = f"<|vision_start|>{PICTURE}<|vision_end|>"


class OmniVision(SplitOptions):
    """The weights are a folder with `mmproj*.gguf` and a language model's `.gguf`, or one with safetensors.

    Where there are several language models, name the file of one.
    """

    weights: str = "omnivision"
    variant: Variant = "auto"
    """How it is asked: `ocr` reads text whatever is asked first, `preview` takes 729 tokens; auto: by the weights."""
    picture: Order = "first"
    """The picture stands before the question, so that it is read once, or after it, as in the first release."""
    decoder: Decoder = "auto"
    """What reads and writes words; auto: llama.cpp where it is installed and the model is GGUF, on a processor."""

    def load(self) -> SplitVlm:
        """Load the model, blocking for seconds. Raises BackendError."""
        from pipelines.captioners import omnivision_parts as parts

        found = parts.find(weights.find(self.weights))
        see, language, notice = parts.load(found, self)
        return SplitVlm(see, language, prompting(self.variant, self.picture, found.name), self, notice)


def prompting(variant: Variant, order: Order, name: str) -> Prompting:
    """How it is asked; `name` of the weights decides where the variant is left open."""
    reads = variant == "ocr" or (variant == "auto" and "ocr" in name.lower())
    return Prompting(partial(write, _ocr if reads else _FIRST[order]), read=without_header)


def write(first: Callable[[str], str], question: str, history: Sequence[Exchange]) -> str:
    """The prompt in ChatML; the picture belongs to the first turn, and no header begins the answer."""
    asked = [*(exchange.asked for exchange in history), question]
    turns = [f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{first(asked[0])}<|im_end|>"]
    for exchange, then in zip(history, asked[1:], strict=True):
        turns.append(f"<|im_start|>assistant\n{exchange.heard}<|im_end|>")
        turns.append(f"<|im_start|>user\n{then}<|im_end|>")
    return "\n".join(turns)


def without_header(pieces: Iterator[str]) -> Iterator[str]:
    """The answer without the header before it, which may come in several pieces."""
    begun, answering = "", False
    for piece in pieces:
        if answering:
            yield piece
            continue
        begun = (begun + piece).lstrip()
        answering = not HEADER.startswith(begun)
        if begun.startswith(HEADER):
            begun = begun.removeprefix(HEADER).lstrip()
            answering = bool(begun)
        yield begun if answering else ""
    if not answering:
        yield begun.strip()


def _picture_first(question: str) -> str:
    return f"\n{_EYES}{question}"


def _picture_last(question: str) -> str:
    return f"{question}\n{_EYES}"


def _ocr(question: str) -> str:
    return f" <|ocr_start|>{_EYES}<|ocr_end|>"


_FIRST: dict[Order, Callable[[str], str]] = {"first": _picture_first, "last": _picture_last}
