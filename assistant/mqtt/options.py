"""Which broker, under which names, and what is told there."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from devices.media import Options
from pipelines.remote.mqtt_options import PASSWORD as PASSWORD
from pipelines.remote.mqtt_options import BrokerOptions, topic_levels
from pipelines.remote.mqtt_options import TlsOptions as TlsOptions


class OutboxOptions(Options):
    """What waits while the broker is away."""

    file: Path | None = None
    """The SQLite file; None: one for this node in the folder of this program's state."""
    most: int = Field(default=10_000, ge=1, le=10_000_000)
    """Messages that wait at most; beyond, the oldest updates go first, and it is counted."""
    keep: float = Field(default=72.0, gt=0, le=8760)
    """Hours after which one is not worth sending any more."""


class MqttOptions(BrokerOptions):
    """The broker, and what this program is called there."""

    section: ClassVar[str] = "mqtt."

    base: str = "omni"
    """What all topics begin with."""
    node: str = Field(default="camera", max_length=64)
    """What this program is called; two that share a broker need two names."""
    name: str = ""
    """What people call it, in Home Assistant; empty: the node."""
    discovery: bool = True
    """Whether Home Assistant is told what there is."""
    discovery_prefix: str = "homeassistant"
    pictures: Literal["none", "captioned"] = "captioned"
    """Whether keyframes are published: those that were put into words, or none."""
    max_side: int = Field(default=960, ge=64, le=4096)
    """Pixels of their longer side."""
    speech: bool = False
    """Whether what was heard and said is published as well."""
    keep: float = Field(default=24.0, gt=0, le=8760)
    """Hours for which the broker retains what was seen, heard and said: after that it is gone there, even if this
    program is. Only with MQTT 5: a broker of 3.1.1 retains it until there is something newer, or privacy."""
    keepalive: int = Field(default=30, ge=5, le=3600)
    """Seconds after which the broker notices that this program is gone, at one and a half times of it."""
    outbox: OutboxOptions = Field(default_factory=OutboxOptions)

    @field_validator("base", "node", "discovery_prefix")
    @classmethod
    def _is_topic(cls, levels: str) -> str:
        return topic_levels(levels)

    @field_validator("node")
    @classmethod
    def _is_level(cls, node: str) -> str:
        if "/" in node:
            raise ValueError("is one level of a topic: no /")
        return node

    @model_validator(mode="after")
    def _apart(self) -> MqttOptions:
        if (self.base + "/").startswith(self.discovery_prefix + "/") or (self.discovery_prefix + "/").startswith(
            self.base + "/"
        ):
            both = f"base {self.base!r} and discovery_prefix {self.discovery_prefix!r}"
            raise ValueError(f"{both}: neither may begin with the other, nor be the same")
        return self
