"""llama.cpp's own eyes (its library mtmd): a picture becomes rows that stand among the words, or is refused."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipelines.backends import BackendError
from pipelines.language.llamacpp import LlamaCpp, silence
from pipelines.vision.engines import Steps, Values

SIDES = (768, 512, 448, 336, 224)
"""Pictures are made no larger than the first of these sides of which the model makes one tile and not several."""
OVERVIEW = "<fake_token_around_image><global-img>"
"""How Idefics3 and SmolVLM mark the last of their tiles, which is the whole picture; here it is the only one."""


class Eyes:
    """Vision tower and projector of a model, from its mmproj file."""

    def __init__(self, file: Path, language: LlamaCpp, threads: int) -> None:
        from llama_cpp import mtmd_cpp

        self._lib, self._width = mtmd_cpp, language.width
        mtmd_cpp.mtmd_log_set(silence(), ctypes.c_void_p(0))
        self._state = _state(mtmd_cpp, file, language, threads)
        # The language model is held until its eyes are closed.
        self._close = weakref.finalize(self, _free, mtmd_cpp, self._state, language)
        self._refuse(language)
        self._side = next((side for side in SIDES if self._tiles(side) == 1), SIDES[1])
        with self._chunks(Image.new("RGB", (self._side, self._side))) as chunks:
            at = self._last(chunks)
            self.whole = bool(mtmd_cpp.mtmd_decode_use_non_causal(self._state, chunks[at]))
            self.before, self.after = self._text(chunks[:at]), self._text(chunks[at + 1 :])
            if at > 1:  # the marks of the other tiles stand before it
                self.before, tiles = language.encode(OVERVIEW), self.before
                if tiles[-len(self.before) :] != self.before:
                    raise BackendError('this model cuts every picture into tiles: run it with backend = "hf"')
        if min((*self.before, *self.after), default=0) < 0:
            raise BackendError("the language model lacks the marks that its eyes put around a picture")

    def see(self, image: Image.Image) -> Steps:
        """The picture as rows (positions × width); it pauses only before the one pass that it takes."""
        small = image.convert("RGB")
        small.thumbnail((self._side, self._side))
        yield
        with self._chunks(small) as chunks:
            chunk = chunks[self._last(chunks)]
            if self._lib.mtmd_encode_chunk(self._state, chunk):
                raise BackendError("llama.cpp cannot encode this picture")
            shape = (int(self._lib.mtmd_input_chunk_get_n_tokens(chunk)), self._width)
            rows: Values = np.ctypeslib.as_array(self._lib.mtmd_get_output_embd(self._state), shape).copy()
        return rows

    def _refuse(self, language: LlamaCpp) -> None:
        """Raises BackendError for what cannot stand among words as rows do."""
        lib = self._lib
        if not lib.mtmd_support_vision(self._state):
            raise BackendError("this mmproj file is for sound, not for pictures")
        if lib.mtmd_decode_use_mrope(self._state):
            raise BackendError('pictures have places in two dimensions in this model: run it with backend = "hf"')
        if language.lib.llama_model_n_embd_inp(language.model) != self._width:
            raise BackendError('this model sees in several layers at once: run it with backend = "hf"')

    def _tiles(self, side: int) -> int:
        with self._chunks(Image.new("RGB", (side, side))) as chunks:
            return sum(self._is_image(chunk) for chunk in chunks)

    def _is_image(self, chunk: Any) -> bool:
        kind: int = self._lib.mtmd_input_chunk_get_type(chunk)
        return bool(kind == self._lib.MTMD_INPUT_CHUNK_TYPE_IMAGE)

    def _last(self, chunks: list[Any]) -> int:
        """Where the last tile stands."""
        return max(at for at, chunk in enumerate(chunks) if self._is_image(chunk))

    def _text(self, chunks: list[Any]) -> list[int]:
        """The tokens of those chunks that are words."""
        made: list[int] = []
        for chunk in chunks:
            if not self._is_image(chunk):
                count = ctypes.c_size_t()
                tokens = self._lib.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
                made += tokens[: count.value]
        return made

    @contextmanager
    def _chunks(self, image: Image.Image) -> Iterator[list[Any]]:
        """A picture with the marks around it, cut as the model reads it; gone afterwards. Raises BackendError."""
        lib, pixels = self._lib, np.ascontiguousarray(image, np.uint8)
        pointer = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        bitmap = lib.mtmd_bitmap_init(image.width, image.height, pointer)
        chunks, marker = lib.mtmd_input_chunks_init(), lib.mtmd_default_marker()
        text = lib.mtmd_input_text(text=marker, text_len=len(marker), add_special=False, parse_special=True)
        try:
            given = (lib.mtmd_bitmap_p_ctypes * 1)(bitmap)
            if status := lib.mtmd_tokenize(self._state, chunks, ctypes.byref(text), given, 1):
                raise BackendError(f"llama.cpp cannot prepare this picture (status {status})")
            yield [lib.mtmd_input_chunks_get(chunks, at) for at in range(lib.mtmd_input_chunks_size(chunks))]
        finally:
            lib.mtmd_input_chunks_free(chunks)
            lib.mtmd_bitmap_free(bitmap)


def _state(lib: Any, file: Path, language: LlamaCpp, threads: int) -> Any:
    wanted = lib.mtmd_context_params_default()
    wanted.n_threads, wanted.print_timings, wanted.warmup = threads, False, False
    state = lib.mtmd_init_from_file(str(file).encode(), language.model, wanted)
    if not state:
        raise BackendError(f"{file} is damaged, or does not belong to this language model: pull both anew")
    return state


def _free(lib: Any, state: Any, language: LlamaCpp) -> None:
    lib.mtmd_free(state)
