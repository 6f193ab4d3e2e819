"""What a session says first: what runs, what is left out and why, and what its parts cannot do."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from assistant import duplex, unmet
from assistant.config import Config
from assistant.parts import Devices, Models, backend_options
from devices.capture import shown
from pipelines.backends import Chat, calls_tools
from pipelines.types import Emit, Notice, Started


def greet(config: Config, devices: Devices, models: Models, emit: Emit) -> None:
    """Say what runs, what is left out and why, and once what each stand-in cannot do."""
    now = asyncio.get_running_loop().time()
    parts: dict[str, str] = {kind: models.loaded[kind].name for kind in backend_options(config)}
    parts |= {f"camera {camera.name}": shown(camera.source) for camera in config.camera}
    parts |= {"microphone": str(config.microphone.source)} if config.microphone else {}
    parts |= {"speaker": str(config.speaker.sink)} if config.speaker else {}
    emit(Started(now, datetime.now(UTC).isoformat(timespec="milliseconds"), parts))
    for trouble in devices.absent:
        emit(trouble)
    for kind in backend_options(config):
        if told := models.loaded[kind].notice:
            emit(Notice(told, now, kind))
    for wish in unmet.of_session(config, models):
        emit(Notice(wish.text, now, wish.part))
    chat = models.get(Chat)
    if config.mcp and not (chat and calls_tools(chat.backend)):
        emit(
            Notice("The tools of [[mcp]] are not used: they need a [chat] that calls tools (tools = true)", now, "mcp")
        )
    if text := duplex.notice(config, devices):
        emit(Notice(text, now, "microphone"))
