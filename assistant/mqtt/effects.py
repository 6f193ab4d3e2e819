"""What each order does to the session; one that nothing here can carry out is refused with what is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from assistant.mqtt.forms import Choose, Order, Refused, Say, Switch, Turn
from pipelines.controls import Controls

Effect = Callable[[Controls, Order], Awaitable[None]]


async def obey(name: str, order: Order, controls: Controls) -> None:
    """Return when it is done. Raises Refused."""
    await EFFECTS[name](controls, order)


async def _privacy(controls: Controls, order: Order) -> None:
    there = controls.switches.present
    if not (there.camera or there.microphone):
        raise Refused("there is no camera and no microphone")
    controls.switches.privacy(_on(order))


async def _listening(controls: Controls, order: Order) -> None:
    if not controls.switches.present.microphone:
        raise Refused("there is no microphone")
    controls.switches.mute(microphone=_on(order))


async def _captioning(controls: Controls, order: Order) -> None:
    controls.dials.set(captioning=_on(order))


async def _speaking(controls: Controls, order: Order) -> None:
    _needs_voice(controls)
    controls.dials.set(speaking=_on(order))


async def _verbosity(controls: Controls, order: Order) -> None:
    assert isinstance(order, Choose)
    controls.dials.set(verbosity=order.value)


async def _interval(controls: Controls, order: Order) -> None:
    assert isinstance(order, Turn)
    controls.dials.set(interval=order.value)


async def _say(controls: Controls, order: Order) -> None:
    assert isinstance(order, Say)
    _needs_voice(controls)
    if not controls.conversation.say(order.text):
        raise Refused("too much waits to be said already")


async def _repeat(controls: Controls, order: Order) -> None:
    _needs_voice(controls)
    if not controls.conversation.repeat():
        raise Refused("there is nothing to repeat, or too much waits to be said already")


async def _stop(controls: Controls, order: Order) -> None:
    await controls.conversation.stop()


def _on(order: Order) -> bool:
    assert isinstance(order, Switch)
    return order.value == "ON"


def _needs_voice(controls: Controls) -> None:
    if not controls.speaks:
        raise Refused("there is no [voice] with a [speaker]")


EFFECTS: dict[str, Effect] = {
    "privacy": _privacy,
    "listening": _listening,
    "captioning": _captioning,
    "speaking": _speaking,
    "verbosity": _verbosity,
    "interval": _interval,
    "say": _say,
    "repeat": _repeat,
    "stop": _stop,
}
"""By the name of the order; questions are answered, and change nothing."""
