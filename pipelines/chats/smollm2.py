"""SmolLM2-135M-Instruct on the processor: a small text model that streams, and reads a known beginning only once."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipelines import weights
from pipelines.backends import BackendError, BackendOptions, Prompt
from pipelines.chats.prompting import messages

if TYPE_CHECKING:
    from torch import Tensor

LOOP = 8
"""So many tokens that were said before, in the same order, mean that the model goes round in circles."""

_LOADING = threading.Lock()
"""transformers is imported, and loads a model, in one thread at a time: two at once leave weights out."""

TURN_ENDS = ("<|im_end|>", "<|endoftext|>")


class SmolLM2(BackendOptions):
    """The weights are a folder as `from_pretrained` takes it; any causal model with a chat template will do."""

    needs: ClassVar[tuple[str, ...]] = ("torch", "transformers")
    extra: ClassVar[str] = "embedded"
    stand_in: ClassVar[str] = (
        "The language model has only 135 million parameters: it chats, but it knows little and invents easily."
    )

    weights: str = "smollm2"
    """The name they were pulled by."""
    max_tokens: int = Field(default=80, ge=1, le=2000)
    """The longest answer; a word is one or two tokens."""
    threads: int = Field(default_factory=lambda: max(1, (os.cpu_count() or 2) // 2), ge=1, le=256)
    """Processor threads, by default for half of the cores: threads that wait for a busy core stall all the others."""
    temperature: float = Field(default=0.0, ge=0.0, le=2.0)
    """0: always the likeliest word. Above: chance plays a part, and more is invented."""

    def load(self) -> CausalChat:
        """Load and warm the model, blocking for some seconds. Raises BackendError."""
        return CausalChat(weights.find(self.weights), self)


class CausalChat:
    """A causal language model as a Chat."""

    def __init__(self, folder: Path, options: SmolLM2) -> None:
        self.options = options
        self._tokenizer, self._model = _from_folder(folder)
        self._ends = _turn_ends(self._tokenizer, self._model)
        self._read = Reading(self._model)
        self._read.on(self._encode(Prompt("", (), (), "Hello", 0.0)))  # the first pass of all is slow: not in a turn

    def reply(self, prompt: Prompt) -> Generator[str, None, None]:
        """A piece per token, of whole characters, so it may be empty. Closing ends the work in between."""
        made: list[int] = []
        said = ""
        for token in self._tokens(self._encode(prompt)):
            made.append(token)
            text = str(self._tokenizer.decode(made, skip_special_tokens=True, clean_up_tokenization_spaces=False))
            whole = said if text.endswith("\ufffd") else text  # a letter may take several tokens
            yield whole[len(said) :]
            said = whole

    def _encode(self, prompt: Prompt) -> list[int]:
        text = self._tokenizer.apply_chat_template(messages(prompt), add_generation_prompt=True, tokenize=False)
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def _tokens(self, prompt: list[int]) -> Iterator[int]:
        import torch

        torch.set_num_threads(self.options.threads)
        made: list[int] = []
        unread = self._read.rewind(prompt)
        while len(made) < self.options.max_tokens:
            token = choose(self._read.on(unread), self.options.temperature)
            if token in self._ends or goes_round(made, token):
                return
            made.append(token)
            yield token
            unread = [token]


class Reading:
    """What the model has read so far, kept so that a prompt that begins alike is read only from where it differs."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cache = _empty_cache(model)
        self.tokens: list[int] = []

    def rewind(self, prompt: list[int]) -> list[int]:
        """Forget what this prompt does not begin with; the tokens still to be read, one at least."""
        same = alike(self.tokens, prompt[:-1])
        if same == 0 or not self._cache.is_croppable:
            self._cache, same = _empty_cache(self._model), 0
        elif surplus := len(self.tokens) - same:
            self._cache.crop(-surplus)
        self.tokens = prompt[:same]
        return prompt[same:]

    def on(self, tokens: list[int]) -> Tensor:
        """Read on; the scores (one per word of the vocabulary) of what comes next."""
        import torch

        before, self.tokens = self.tokens, []  # should the pass fail, nothing half-read is trusted
        with torch.inference_mode():
            read = self._model(
                input_ids=torch.tensor([tokens]), past_key_values=self._cache, use_cache=True, logits_to_keep=1
            )
        self.tokens = before + tokens
        scores: Tensor = read.logits[0, -1].float()
        return scores


def choose(scores: Tensor, temperature: float) -> int:
    """The likeliest token, or at a temperature above 0 one drawn by its likelihood."""
    import torch

    if temperature == 0.0:
        return int(scores.argmax())
    return int(torch.multinomial(torch.softmax(scores / temperature, dim=-1), 1))


def goes_round(made: Sequence[int], token: int) -> bool:
    """True if, with this token, the last `LOOP` ones repeat some said earlier."""
    last = [*made[-(LOOP - 1) :], token]
    return len(last) == LOOP and any(list(made[start : start + LOOP]) == last for start in range(len(made) - LOOP + 1))


def alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens the two begin with in common."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _from_folder(folder: Path) -> tuple[Any, Any]:
    """Tokenizer and model, in the number format they were saved in."""
    from safetensors import SafetensorError

    try:
        with _LOADING:
            tokenizer, model = _loaded(folder)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BackendError(f"the weights {folder.name!r} cannot be read, pull them anew: {reason}") from error
    if tokenizer.chat_template is None:
        raise BackendError(f"the weights {folder.name!r} have no chat template: choose an instruct model")
    return tokenizer, model.eval()


def _loaded(folder: Path) -> tuple[Any, Any]:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    return tokenizer, transformers.AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype="auto")


def _turn_ends(tokenizer: Any, model: Any) -> frozenset[int]:
    """The tokens that end an answer."""
    told = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(told if isinstance(told, list) else [told])}
    vocabulary = tokenizer.get_vocab()
    ends.update(vocabulary[mark] for mark in TURN_ENDS if mark in vocabulary)
    return frozenset(ends - {None})


def _empty_cache(model: Any) -> Any:
    from transformers import DynamicCache

    return DynamicCache(config=model.config)
