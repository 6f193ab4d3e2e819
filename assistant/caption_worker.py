"""`omni caption-worker`: this machine's captioner, for assistants on others that hand out pictures over MQTT."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant import config, naming
from assistant.arguments import named_broker
from assistant.config import ConfigError
from assistant.signals import ended_by_signal
from devices.threads import DaemonThread
from pipelines import backends
from pipelines.backends import BackendError, BackendOptions, Loaded
from pipelines.captioners.mqtt import Mqtt
from pipelines.mistakes import first_mistake
from pipelines.remote.mqtt_options import BrokerOptions
from pipelines.remote.pool import PoolOptions
from pipelines.remote.serving import Serving
from pipelines.wording import one_line


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C, or a request to terminate."""
    tables = config.tables(Path(arguments.file)) if arguments.file else {}
    broker, captioner = _broker(arguments, tables), _captioner(arguments)
    if lacking := backends.missing(Mqtt):
        raise BackendError(f"caption-worker {lacking}")
    thread = DaemonThread("captioner")
    model: Loaded = thread.submit(backends.loaded, captioner, "captioner").result()
    if model.notice:
        _say(model.notice)
    serving = Serving(model, thread, broker, _say)
    _say(f"{serving.name}: captions by {model.name}")
    with ended_by_signal(serving.stop) as ended:
        serving.run()
    return 128 + ended[0] if ended else 0


def _broker(arguments: argparse.Namespace, tables: dict[str, Any]) -> PoolOptions:
    """The broker of `[mqtt]`, if the file has such a section, with the command line's changes. Raises ConfigError."""
    section = tables.get("mqtt", {})
    given = {key: section[key] for key in BrokerOptions.model_fields if key in section}
    if arguments.mqtt:
        given |= named_broker(arguments.mqtt)
    if "host" not in given:
        raise ConfigError("which broker? omni caption-worker --mqtt HOST:PORT, or a [mqtt] section in the file")
    if arguments.username:
        given["username"] = arguments.username
    try:
        return PoolOptions.model_validate({**given, "pool": arguments.pool})
    except ValidationError as error:
        raise ConfigError(f"mqtt: {first_mistake(error, PoolOptions)}") from error


def _captioner(arguments: argparse.Namespace) -> BackendOptions:
    """The file's captioner, or the one that the command line means. Raises ConfigError."""
    if not arguments.file:
        found = naming.chosen(arguments.model, arguments.backend, naming.given(arguments.option))
    elif arguments.model or arguments.backend or arguments.option:
        raise ConfigError(f"{arguments.file} names the captioner already: leave out --model, --backend and --option")
    elif (named := config.model(Path(arguments.file), "captioner")) is None:
        raise ConfigError(f"{arguments.file}: has no [captioner] that could be served")
    else:
        found = named
    if backends.name_of("captioner", found) == "mqtt":
        raise ConfigError("a caption-worker needs a captioner of its own: mqtt would hand its jobs back to the broker")
    return found


def _say(line: str) -> None:
    print(one_line(line), flush=True)
