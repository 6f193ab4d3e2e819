"""The configuration as a recording keeps it: without what is secret, and enough to run the session again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast, get_args

from pydantic import ValidationError

from assistant.config import Config, ConfigError
from assistant.recordings.forms import first_mistake
from devices.capture import shown
from pipelines import backends
from pipelines.backends import BackendOptions, Kind

SECRET = re.compile(r"(?i)(passw|secret|token|authorization|api_?key$)")
"""Names of options whose value is nobody's business. (`key` names a variable of the environment.)"""
LASTING = ("persist", "diary", "on_disk")
"""Options of the memory that reach beyond a session: one that runs again writes in nobody's diary."""
KINDS: tuple[Kind, ...] = get_args(Kind)


class Recorded(BackendOptions):
    """In the place of the options of a model that is not loaded, because its recording is played."""


def kept(config: Config) -> dict[str, Any]:
    """The tables of the configuration: what was set there, and which backends."""
    tables = config.model_dump(mode="json", exclude_unset=True, exclude=set[str](KINDS))
    for kind in KINDS:
        options: BackendOptions | None = getattr(config, kind)
        if options is not None:
            told = options.model_dump(mode="json", exclude_unset=True)
            tables[kind] = {"backend": backends.name_of(kind, options)} | told
    for server in tables.get("mcp", []):
        server |= _program(server.get("command", []))
    return cast(dict[str, Any], _without_secrets(tables))


def _program(command: list[str]) -> dict[str, list[str]]:
    """Of a tool server's command only the program: what follows may be a password, and nothing is started again."""
    return {"command": [*command[:1], *["***" for _ in command[1:2]]]} if command else {}


def _without_secrets(value: Any) -> Any:
    match value:
        case dict():
            return {
                name: "***" if SECRET.search(name) and isinstance(one, str) and one else _without_secrets(one)
                for name, one in value.items()
            }
        case list():
            return [_without_secrets(one) for one in value]
        case str() if "://" in value:
            return shown(value)
        case _:
            return value


def restored(tables: dict[str, Any], live: Mapping[Kind, BackendOptions]) -> Config:
    """The configuration again; of backends only those that run live. Raises ConfigError."""
    ready = dict(tables)
    memory = ready.get("memory", {})
    if isinstance(memory, dict):
        ready["memory"] = {name: one for name, one in memory.items() if name not in LASTING}
    ready |= {kind: live.get(kind, Recorded()) for kind in KINDS if kind in ready}
    try:
        return Config.model_validate(ready)
    except ValidationError as error:
        mistake = first_mistake(error)
        raise ConfigError(f"the recorded configuration is none for this version of omni ({mistake})") from error
