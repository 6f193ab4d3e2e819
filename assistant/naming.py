"""Which captioner `--model`, `--backend` and `--option` mean, and what else must be said where they say too little."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.config import ConfigError
from pipelines import backends, pulled, weights
from pipelines.backends import REGISTRY, BackendError, BackendOptions
from pipelines.captioners.families import backend_for
from pipelines.mistakes import mistake
from pipelines.pulled import Use
from pipelines.wording import listed

SERVERS = {"http": "http://127.0.0.1:11434/v1", "ws": "ws://127.0.0.1:8000/ws/process-image/"}
"""An address as each kind of server has it."""


def chosen(model: str | None, backend: str | None, more: Mapping[str, Any]) -> BackendOptions:
    """The backend and its options that are meant. Raises ConfigError, or BackendError where weights are absent."""
    if model is None:
        return _made(backend, more) if backend is not None else _made("auto", {"share": 1.0, **more})
    if backend is not None:
        return _made(backend, more, model)
    if weights.is_path(model):
        return _found(model, more)
    if weights.is_here(model):
        return _pulled(model, more)
    if model in _shipped():
        raise BackendError(f"the weights {model!r} are not here: omni models pull {model}")
    if model in REGISTRY["captioner"] or ":" in model:
        return _made(model, more)
    if Path(model).exists():
        return _found(f"./{model}", more)
    known = sorted({*REGISTRY["captioner"], *_shipped(), *(one.name for one in pulled.all_pulled() if _looks(one.use))})
    near = difflib.get_close_matches(model, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise ConfigError(f"--model {model}: no model is called so; {hint}there are {', '.join(known)}, or a folder's path")


def given(options: Sequence[str]) -> dict[str, Any]:
    """The values of `--option KEY=VALUE`, as TOML has them; what is no TOML is text. Raises ConfigError."""
    values = {}
    for option in options:
        key, sign, text = option.partition("=")
        if not (key.strip() and sign):
            raise ConfigError(f"--option {option}: is no KEY=VALUE, like max_side=512")
        values[key.strip()] = _value(text)
    return values


def _pulled(name: str, more: Mapping[str, Any]) -> BackendOptions:
    """Weights that are here, used as they say themselves; those without a record as a folder."""
    found = pulled.record_of(weights.find(name), pulled.Pulled)
    if found is None or not found.use:
        return _found(str(weights.find(name)), more)
    use = next((use for use in found.use if use.kind == "captioner"), None)
    if use is None:
        raise ConfigError(f"--model {name}: is a {found.use[0].kind}, it cannot look at pictures")
    return _used(use, name, more)


def _found(path: str, more: Mapping[str, Any]) -> BackendOptions:
    return _used(Use(kind="captioner", backend=backend_for(weights.find(path))), path, more)


def _used(use: Use, name: str, more: Mapping[str, Any]) -> BackendOptions:
    return _made(use.backend, {**use.options, **more}, name) if more else pulled.options(use, name)


def _made(backend: str, given: Mapping[str, Any], model: str | None = None) -> BackendOptions:
    """The backend's options; the model is its weights, or, where it has none, what a server calls its model."""
    try:
        kind = backends.find("captioner", backend)
    except backends.UnknownBackend as error:
        raise ConfigError(f"--backend {backend}: {error}") from error
    named = next((field for field in ("weights", "model") if field in kind.model_fields), None)
    if model is not None and named is None:
        raise ConfigError(f"--backend {backend}: takes no --model: leave one of the two")
    try:
        return kind.model_validate({**given, **({named: model} if named and model is not None else {})})
    except ValidationError as error:
        raise ConfigError(f"--backend {backend}: {_advice(error, kind)}") from error


def _advice(error: ValidationError, kind: type[BackendOptions]) -> str:
    """What is wrong with the options, or else how those are given that are lacking."""
    wrong = [one for one in error.errors() if one["type"] != "missing" or len(one["loc"]) != 1]
    if wrong:
        return mistake(wrong[0], kind)
    lacking = [str(one["loc"][0]) for one in error.errors()]
    server = SERVERS.get(getattr(kind, "schemes", ("",))[0], "…")
    known = {"url": f"--option url={server}", "model": "--option model=llava", "weights": "--model FOLDER"}
    return f"lacks {listed(lacking)}: add {' '.join(known.get(name, f'--option {name}=…') for name in lacking)}"


def _value(text: str) -> Any:
    """A number, a truth, a list or a table; all else, and what only looks like a time, is the text itself."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    typed = read.keys() == {"value"} and isinstance(read["value"], str | int | float | list | dict)
    return read["value"] if typed else text


def _shipped() -> set[str]:
    """The names of the manifest's weights that can look at pictures."""
    from assistant import manifest

    known = manifest.read().models
    return {name for name, one in known.items() if _looks(one.use)}


def _looks(uses: Iterable[Use]) -> bool:
    return any(use.kind == "captioner" for use in uses)
