"""Which models run anew when a session runs again: the user's own, for a recording may come from anybody."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from assistant.config import Config, ConfigError
from assistant.recordings.forms import first_mistake
from pipelines import backends
from pipelines.backends import BackendOptions, Kind
from pipelines.weights import is_path
from pipelines.wording import listed, one_line

ELSEWHERE = {"url", "key", "fallback", "grammar"}
"""Options that name an address, a variable of the environment, another backend, or a file."""


def live_options(
    kinds: Collection[Kind], recorded: Mapping[str, Any], config: Config | None
) -> dict[Kind, BackendOptions]:
    """The options of the models of these kinds, which the recorded session must have had.

    From the configuration; without one as they were recorded, if they do no more than load what was pulled here.
    Raises ConfigError.
    """
    if missing := set(kinds) - recorded.keys():
        raise ConfigError(f"--live: the recorded session has no {listed(sorted(missing))}")
    return {kind: _own(kind, config) if config else _recorded(kind, recorded[kind]) for kind in kinds}


def _own(kind: Kind, config: Config) -> BackendOptions:
    options: BackendOptions | None = getattr(config, kind)
    if options is None:
        raise ConfigError(f"--live {kind}: the configuration has no [{kind}]")
    return options


def _recorded(kind: Kind, table: Any) -> BackendOptions:
    options = dict(table) if isinstance(table, dict) else {}
    name = options.pop("backend", None)
    if not isinstance(name, str) or name not in backends.REGISTRY[kind]:
        raise _refused(kind, f"its backend {name!r} is none that comes with omni")
    model = backends.find(kind, name)
    if ELSEWHERE & (options.keys() | {"url"} & model.model_fields.keys()):
        raise _refused(kind, f"its {name} reaches out of this program")
    if places := [key for key, value in options.items() if isinstance(value, str) and _is_place(value)]:
        raise _refused(kind, f"its {listed(places)} may be a file")
    try:
        return model.model_validate(options)
    except ValidationError as error:
        raise _refused(kind, first_mistake(error)) from error


def _is_place(value: str) -> bool:
    return is_path(value) or "\\" in value or os.path.exists(value)


def _refused(kind: Kind, why: str) -> ConfigError:
    why = one_line(why)[:300]
    return ConfigError(
        f"--live {kind}: the recording's own [{kind}] is not loaded ({why}): pass --config FILE with your [{kind}]"
    )
