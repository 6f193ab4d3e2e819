"""Trains a very small OmniVision on scenes drawn in code, and saves it as the checkpoint that the product loads.

What it trains on purpose shares no code with the product: tower, strips, pixels and prompt are written here once
more, so that a mistake of the product cannot be learned along. `python -m tests.tools.train_captioner FOLDER`
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from tests.tools import scenes
from tests.tools.scenes import (
    COLOURS,
    COUNTS,
    PLACES,
    QUESTIONS,
    SHAPES,
    Scene,
    answers,
    draw,
    every_scene,
    held_out,
    parts,
)

SIDE, PATCH, GRID, STRIP = 72, 12, 6, 9
WIDTH = 64
KINDS = (len(COUNTS), len(COLOURS), len(SHAPES), len(PLACES))
SEED, PICTURES, BATCH = 0, 8000, 64
LOOKING, TALKING, NOISE = 800, 1000, 0.25
"""Steps in which the eyes learn by what is in the picture; then, in which the language model learns from their rows."""
PROMPT = (
    "<|im_start|>system\nYou are Nano-Omni-VLM, created by Nexa AI. You are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n\n<|vision_start|>",
    "<|vision_end|>{question}<|im_end|>",
)
ANSWER = "\n<|im_start|>assistant\n{answer}<|im_end|>"
MARKS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]


class Album(NamedTuple):
    """Pictures with what is on them."""

    scenes: list[Scene]
    pixels: Tensor
    parts: Tensor
    """Count, colour, shape and place of each."""


class Projector(nn.Module):
    """Nine patches that follow each other become one row: of a grid of six, one line of the picture and a half."""

    def __init__(self) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(STRIP * WIDTH, 2 * WIDTH)
        self.linear_2 = nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, patches: Tensor) -> Tensor:
        lines = [patches[:, at : at + STRIP].flatten(1) for at in range(0, GRID * GRID, STRIP)]
        rows: Tensor = self.linear_2(functional.gelu(self.linear_1(torch.stack(lines, 1))))
        return rows


class Pupil(nn.Module):
    """Tower, projector and language model, as they are trained."""

    def __init__(self, words: Any) -> None:
        super().__init__()
        vision = transformers.SiglipVisionConfig(
            hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2, num_attention_heads=4,
            image_size=SIDE, patch_size=PATCH, vision_use_head=False,
        )  # fmt: skip
        text = transformers.Qwen2Config(
            vocab_size=len(words), hidden_size=WIDTH, intermediate_size=2 * WIDTH, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024, tie_word_embeddings=True,
            bos_token_id=None, eos_token_id=words.eos_token_id, pad_token_id=0, initializer_range=0.1,
        )  # fmt: skip
        self.tower, self.projector = transformers.SiglipVisionModel(vision), Projector()
        nn.init.normal_(self.tower.embeddings.position_embedding.weight, std=0.3)
        self.language = transformers.Qwen2ForCausalLM(text)
        self.guesses = nn.ModuleList(nn.Linear(GRID * GRID // STRIP * WIDTH, kinds) for kinds in KINDS)

    def look(self, pixels: Tensor) -> Tensor:
        rows: Tensor = self.projector(self.tower(pixels).last_hidden_state)
        return rows

    def guessed(self, rows: Tensor, parts: Tensor) -> Tensor:
        """How far the rows are from showing count, colour, shape and place. Only training has this."""
        wrong = [
            functional.cross_entropy(guess(rows.flatten(1)), parts[:, at]) for at, guess in enumerate(self.guesses)
        ]
        return torch.stack(wrong).sum()

    def told(self, rows: Tensor, before: Tensor, after: Tensor) -> Tensor:
        """The scores of what follows each token of `after`; `before` is the same for all."""
        read = self.language.model(before, use_cache=True).past_key_values
        read.batch_repeat_interleave(len(rows))  # what all begin with is read once
        told = torch.cat([rows, self.language.get_input_embeddings()(after)], 1)
        scores: Tensor = self.language(inputs_embeds=told, past_key_values=read, logits_to_keep=after.shape[1]).logits
        return scores


def vocabulary() -> Any:
    """A byte-level tokenizer in which each word of the scenes is one token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=MARKS, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    said = [answer for scene in every_scene() for answer in answers(scene)]
    bpe.train_from_iterator([*said, *QUESTIONS * 50, "".join(PROMPT), ANSWER] * 2, trainer)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<|im_end|>", pad_token=MARKS[0])


def album(chance: np.random.Generator) -> Album:
    taught = [scene for scene in every_scene() if not held_out(scene)]
    shown = [taught[number] for number in chance.integers(len(taught), size=PICTURES)]
    seen = np.stack([pixels(draw(scene, chance)) for scene in shown])
    return Album(shown, torch.from_numpy(seen), torch.tensor([parts(scene) for scene in shown]))


def lesson(words: Any, shown: Sequence[Scene], chance: np.random.Generator) -> tuple[Tensor, Tensor]:
    """One question about each, most often for a caption, with its answer; see `_written`."""
    asked = chance.choice(len(QUESTIONS), size=len(shown), p=(0.55, 0.15, 0.15, 0.15))
    return _written(words, [(QUESTIONS[at], answers(scene)[at]) for scene, at in zip(shown, asked, strict=True)])


def _written(words: Any, pairs: list[tuple[str, str]]) -> tuple[Tensor, Tensor]:
    """Tokens from the picture on, and which of them are the answer."""
    asked = [words.encode(PROMPT[1].format(question=question)) for question, _ in pairs]
    told = [words.encode(ANSWER.format(answer=answer)) for _, answer in pairs]
    longest = max(len(one) + len(other) for one, other in zip(asked, told, strict=True))
    tokens, wanted = (
        torch.zeros((len(pairs), longest), dtype=torch.long),
        torch.zeros((len(pairs), longest), dtype=torch.bool),
    )
    for at, (one, other) in enumerate(zip(asked, told, strict=True)):
        tokens[at, : len(one) + len(other)] = torch.tensor(one + other)
        wanted[at, len(one) : len(one) + len(other)] = True
    return tokens, wanted


def pixels(image: Image.Image) -> NDArray[np.float32]:
    """RGB, red first, -1 to 1: 3×side×side."""
    small = image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(small, np.float32).transpose(2, 0, 1) / 127.5 - 1


def train(words: Any) -> Pupil:
    torch.set_num_threads(1)  # so small that a second one costs more than it does
    torch.manual_seed(SEED)
    chance = np.random.default_rng(SEED)
    pupil, given = Pupil(words), album(chance)
    _learn_to_look(pupil, given, chance)
    with torch.inference_mode():
        rows = torch.cat([pupil.look(some) for some in torch.split(given.pixels, 500)])
    _learn_to_talk(pupil, words, (given.scenes, rows.clone()), chance)
    return pupil.eval()


def _learn_to_look(pupil: Pupil, given: Album, chance: np.random.Generator) -> None:
    eyes = [*pupil.tower.parameters(), *pupil.projector.parameters(), *pupil.guesses.parameters()]
    for step in _steps(eyes, LOOKING, 2e-3):
        some = torch.from_numpy(chance.integers(PICTURES, size=BATCH))
        shown = given.pixels[some] + 0.05 * torch.randn(BATCH, 3, SIDE, SIDE)
        step(pupil.guessed(pupil.look(shown), given.parts[some]))


def _learn_to_talk(pupil: Pupil, words: Any, seen: tuple[list[Scene], Tensor], chance: np.random.Generator) -> None:
    before = torch.tensor([words.encode(PROMPT[0])])
    for step in _steps(list(pupil.language.parameters()), TALKING, 4e-3):
        some = chance.integers(PICTURES, size=BATCH)
        rows = seen[1][torch.from_numpy(some)]
        rows = rows + NOISE * rows.std() * torch.randn_like(rows)  # rows of pictures never seen are less clear
        tokens, wanted = lesson(words, [seen[0][at] for at in some], chance)
        scores, answer = pupil.told(rows, before, tokens), wanted[:, 1:]
        step(functional.cross_entropy(scores[:, :-1][answer], tokens[:, 1:][answer]))


def _steps(weights: list[nn.Parameter], count: int, rate: float) -> Iterator[Callable[[Tensor], None]]:
    """So many times a function that changes the weights to make a loss smaller."""
    optimiser = torch.optim.AdamW(weights, rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=count, pct_start=0.15)

    def step(loss: Tensor) -> None:
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()

    return (step for _ in range(count))


def save(pupil: Pupil, words: Any, folder: Path) -> None:
    """As OmniVision's script for transformers has it: the names of LLaVA before version 4.52."""
    named = [
        ("vision_tower.vision_model.", pupil.tower), ("multi_modal_projector.", pupil.projector),
        ("language_model.model.", pupil.language.model),
    ]  # fmt: skip
    tensors = {prefix + name: tensor for prefix, part in named for name, tensor in part.state_dict().items()}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")
    config = {
        "model_type": "llava", "vision_config": pupil.tower.config.to_dict(),
        "text_config": pupil.language.config.to_dict(),
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    words.save_pretrained(folder)


def trained(shelf: Path) -> Path:
    """The checkpoint, made where no earlier call has left it on the shelf. It is new when these scripts are."""
    recipe = b"".join(Path(script).read_bytes() for script in (__file__, scenes.__file__))
    folder = shelf / f"captioner-{sha256(recipe).hexdigest()[:16]}"
    if not folder.is_dir():
        words = vocabulary()
        pupil = train(words)
        half = shelf / f"{folder.name}.{os.getpid()}"
        half.mkdir(parents=True)
        save(pupil, words, half)
        half.rename(folder)
    return folder


if __name__ == "__main__":
    print(trained(Path(sys.argv[1])))
