"""llama.cpp as a language engine: any GGUF model, with embeddings among the tokens."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import room
from pipelines.backends import BackendError, first_line
from pipelines.language.sampling import Scores
from pipelines.language.spans import Picture, Span, Tokens

BATCH = 512
"""Positions that are read in one pass at most."""


class LlamaCpp:
    """A GGUF model with its tokenizer and its cache, as an Engine. The library is written in C and runs on processors.

    It keeps the weights as the file has them, in 4 or 8 bits: a fraction of the memory that torch needs.
    """

    def __init__(self, file: Path, threads: int, context: int) -> None:
        self.lib = library()
        self.model = _model(self.lib, file)
        self._words = self.lib.llama_model_get_vocab(self.model)
        self.context = min(context, int(self.lib.llama_model_n_ctx_train(self.model)))
        self._state = _state(self.lib, self.model, self.context, threads)
        self._close = weakref.finalize(self, _free, self.lib, self._state, self.model)
        self._memory = self.lib.llama_get_memory(self._state)
        self.width = int(self.lib.llama_model_n_embd(self.model))
        self._vocabulary = int(self.lib.llama_vocab_n_tokens(self._words))
        self.ends = frozenset(
            token for token in range(self._vocabulary) if self.lib.llama_vocab_is_eog(self._words, token)
        )

    def chat(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Messages in the template of the file, which runs in a sandbox. Raises BackendError where it has none."""
        from jinja2 import TemplateError
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        template = self.lib.llama_model_chat_template(self.model, None)
        if template is None:
            raise BackendError("the model has no chat template: choose an instruct model")
        begin, end = (self._mark(which(self._words)) for which in (self.lib.llama_vocab_bos, self.lib.llama_vocab_eos))
        try:
            write = Jinja2ChatFormatter(template.decode(errors="replace"), eos_token=end, bos_token=begin)
            return str(write(messages=list(messages), enable_thinking=False).prompt)
        except (TemplateError, ValueError, TypeError) as error:
            raise BackendError(f"the model's chat template does not take this conversation: {error}") from error

    def encode(self, text: str) -> list[int]:
        given = text.encode()
        made = (ctypes.c_int32 * (len(given) + 2))()
        count = self.lib.llama_tokenize(self._words, given, len(given), made, len(made), False, True)
        return list(made[: max(0, count)])

    def decode(self, ids: Sequence[int]) -> str:
        given, size = (ctypes.c_int32 * len(ids))(*ids), 16 * len(ids) + 16
        while True:
            text = ctypes.create_string_buffer(size)
            count = self.lib.llama_detokenize(self._words, given, len(ids), text, size, False, False)
            if count >= 0:
                return text.raw[:count].decode(errors="replace")
            size = -count

    def keep(self, positions: int) -> int:
        if self.lib.llama_memory_seq_rm(self._memory, 0, positions, -1):
            return positions
        self.lib.llama_memory_clear(self._memory, True)
        return 0

    def read(self, spans: Sequence[Span]) -> Scores:
        last = len(spans) - 1
        for at, span in enumerate(spans):
            if isinstance(span, Picture):
                self._picture(span, at == last)
            else:
                self._tokens(span, at == last)
        scores = self.lib.llama_get_logits_ith(self._state, -1)
        return np.ctypeslib.as_array(scores, (self._vocabulary,)).copy()

    def close(self) -> None:
        """Give the memory back. It happens by itself when nobody holds the engine, and before the program ends."""
        self._close()

    def _tokens(self, span: Tokens, is_last: bool) -> None:
        for start in range(0, len(span), BATCH):
            ids = span.ids[start : start + BATCH]
            given = self.lib.llama_batch(n_tokens=len(ids), token=(ctypes.c_int32 * len(ids))(*ids))
            self._decode(given, is_last and start + BATCH >= len(span))

    def _picture(self, span: Picture, is_last: bool) -> None:
        if span.whole and len(span) > BATCH:
            raise BackendError(f"a picture of {len(span)} positions is too large for llama.cpp, which takes {BATCH}")
        self.lib.llama_set_causal_attn(self._state, not span.whole)
        try:
            for start in range(0, len(span), BATCH):
                rows = np.ascontiguousarray(span.rows[start : start + BATCH], np.float32)
                pointer = rows.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
                given = self.lib.llama_batch(n_tokens=len(rows), embd=pointer)
                self._decode(given, is_last and start + BATCH >= len(span))
        finally:
            self.lib.llama_set_causal_attn(self._state, True)

    def _decode(self, batch: Any, wants_scores: bool) -> None:
        """One pass. Positions follow those in memory, as nothing else is said; scores are made where wanted only."""
        batch.logits = (ctypes.c_int8 * batch.n_tokens)(*[0] * (batch.n_tokens - 1), int(wants_scores))
        if status := self.lib.llama_decode(self._state, batch):
            raise BackendError(f"llama.cpp cannot read on (status {status}): ask for less, or set a larger context")

    def _mark(self, token: int) -> str:
        """A token as it is written in templates."""
        text = self.lib.llama_vocab_get_text(self._words, token) if token >= 0 else None
        return text.decode(errors="replace") if text else ""


def from_file(path: Path, threads: int, context: int = 4096) -> LlamaCpp:
    """Load a GGUF file. Raises BackendError, for too little memory before it is read."""
    if not path.is_file():
        raise BackendError(f"there is no file {path}")
    room.check(path.stat().st_size, path.name)
    return LlamaCpp(path, threads, context)


def model_file(path: Path, marked: str = "mmproj") -> Path:
    """The language model in a folder, or the file itself; files with `marked` in their name are none.

    Raises BackendError where there is none, or more than one.
    """
    if path.is_file():
        return path
    found = [file for file in sorted(path.glob("*.gguf")) if marked not in file.name]
    if len(found) != 1:
        raise BackendError(f"{path} holds {len(found)} GGUF files with a language model: name one file")
    return found[0]


@cache
def library() -> Any:
    """llama.cpp, which says nothing on the terminal."""
    try:
        from llama_cpp import llama_cpp as lib
    except (RuntimeError, OSError) as error:
        raise BackendError(
            "llama.cpp cannot be loaded, perhaps beside another ggml: pip install 'omni-assistant[neural]' gives the "
            f"speech detector one that it can stand beside ({first_line(error)})"
        ) from error

    lib.llama_log_set(silence(), ctypes.c_void_p(0))
    lib.llama_backend_init()
    return lib


@cache
def silence() -> Any:
    """What takes the library's log and drops it; it is called from C, so it must never be collected."""
    from llama_cpp import llama_log_callback

    def forget(level: int, text: bytes, _: Any) -> None:
        pass

    return llama_log_callback(forget)


def _model(lib: Any, file: Path) -> Any:
    wanted = lib.llama_model_default_params()
    # Compiled by GCC 12 with AMX, its matrix units get half a configuration, and the whole program crashes; no build
    # tells its compiler. Without this, matrices are not rearranged for faster reading either.
    wanted.use_extra_bufts = b"AMX_INT8 = 1" not in lib.llama_print_system_info()
    model = lib.llama_model_load_from_file(str(file).encode(), wanted)
    if not model:
        raise BackendError(f"{file} is damaged or no language model that llama.cpp knows: pull it anew")
    return model


def _state(lib: Any, model: Any, context: int, threads: int) -> Any:
    wanted = lib.llama_context_default_params()
    wanted.n_ctx, wanted.n_batch, wanted.n_ubatch = context, BATCH, BATCH
    wanted.n_threads = wanted.n_threads_batch = threads
    wanted.no_perf = True
    state = lib.llama_init_from_model(model, wanted)
    if not state:
        lib.llama_model_free(model)
        raise BackendError(f"llama.cpp has no memory for a context of {context} tokens: set a smaller context")
    return state


def _free(lib: Any, state: Any, model: Any) -> None:
    lib.llama_free(state)
    lib.llama_model_free(model)
