"""From keyframes to captions: whose turn it is at the model, what it is asked, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial

from devices.lines import Lossless
from devices.media import Frame
from pipelines.backends import BackendError, Factual, Looker, expect
from pipelines.novelty import Sighting
from pipelines.refusals import refuses
from pipelines.relief import Made
from pipelines.seeing import Eye, Sight
from pipelines.types import Caption, Perception, Seen
from pipelines.wording import one_line


async def caption(eye: Eye, sight: Sight, perceptions: Lossless[Perception]) -> None:
    """Put keyframes into words, the newest there is when it is this camera's turn, until the line is closed."""
    while await eye.keyframes.filled():
        await eye.wording.run(_put_into_words(eye, sight, perceptions))


async def _put_into_words(eye: Eye, sight: Sight, perceptions: Lossless[Perception]) -> None:
    """One keyframe. Its picture is given away before its event is told: who hears of it may look for the picture."""
    if not sight.asks:
        await _pass_over(eye)
    elif (said := await _next(eye, sight)) is not None:
        eye.kept(*said)
        if eye.watch is not None:
            eye.watch.captioned(said[1])
        await perceptions.put(said[1])


async def _pass_over(eye: Eye) -> None:
    """Leave a keyframe without words, as is set."""
    frame = await eye.keyframes.get()
    eye.spared.unasked += 1
    if eye.watch is not None:
        eye.watch.unchanged(frame)


async def _next(eye: Eye, sight: Sight) -> tuple[Frame, Caption] | None:
    """The next keyframe with its caption, tried again after each failure; None when it is not to be had any more."""
    sighting = await _sought(eye, sight)
    async with nullcontext() if _is_known(sighting) else _turn(eye, sight):
        if sighting is not None and sighting.frame is not eye.keyframes.newest:
            sighting = await _sought(eye, sight)
        frame = await eye.keyframes.get()
        number = eye.keyframes.accepted - len(eye.keyframes)
        seen = _known(sighting, eye) or await _seen(frame, sighting, eye, sight)
    while seen is None:
        if not eye.keyframes.closed:
            await eye.captioning.rest()
        if eye.keyframes.closed or len(eye.keyframes):  # a newer one came, or none will
            return None
        async with _turn(eye, sight):
            seen = await _seen(frame, sighting, eye, sight)
    if sight.reports is not None:
        sight.reports.told(frame.camera, seen)
    if seen.text and not seen.unchanged:
        return frame, replace(_said(frame, seen, number, sight), described_at=_described_at(sighting))
    _tell_nothing_new(frame, seen, eye)
    return None


@asynccontextmanager
async def _turn(eye: Eye, sight: Sight) -> AsyncIterator[None]:
    """In here the captioner may be asked once: the budget has room, and it is this camera's turn."""
    async with sight.room(eye), sight.turns:
        yield


async def _sought(eye: Eye, sight: Sight) -> Sighting | None:
    """The newest keyframe, which stays on its line, and which scene it shows; None where no scenes are remembered."""
    while eye.novelty is not None:
        sighting = await asyncio.to_thread(eye.novelty.find, eye.keyframes.newest, sight.asked)
        if eye.keyframes.newest is sighting.frame:
            return sighting
    return None


def _is_known(sighting: Sighting | None) -> bool:
    return sighting is not None and sighting.scene is not None


def _described_at(sighting: Sighting | None) -> float | None:
    """When the scene was described, where this is not the keyframe of which that was said."""
    return sighting.scene.described_at if sighting is not None and sighting.scene is not None else None


def _known(sighting: Sighting | None, eye: Eye) -> Seen | None:
    """What was said of the scene when it was shown lately; None: the model must be asked."""
    if eye.novelty is None or sighting is None:
        return None
    seen = eye.novelty.known(sighting)
    eye.spared.known += seen is not None
    return seen


def _learn(sighting: Sighting | None, seen: Seen, eye: Eye) -> None:
    """Remember a description: not facts, which tell of one moment, nor an "unchanged", which may be a careless one."""
    if eye.novelty is None or sighting is None:
        return
    if seen.text and seen.facts is None and not seen.unchanged:
        eye.novelty.learn(sighting, seen)


def _tell_nothing_new(frame: Frame, seen: Seen, eye: Eye) -> None:
    """What was told last still holds, as of this keyframe; or there are no words for it."""
    if seen.unchanged:
        eye.unchanged(frame.camera, frame.captured_at)
    if eye.watch is not None:
        eye.watch.unchanged(frame)


def _said(frame: Frame, seen: Seen, number: int, sight: Sight) -> Caption:
    return Caption(
        text=seen.text,
        camera=frame.camera,
        captured_at=frame.captured_at,
        took=max(0.0, asyncio.get_running_loop().time() - frame.captured_at),
        keyframe=number,
        facts=seen.facts,
        title=seen.title,
        labels=seen.labels,
        source=sight.name,
        confidence=seen.confidence,
    )


async def _seen(frame: Frame, sighting: Sighting | None, eye: Eye, sight: Sight) -> Seen | None:
    """What is to be seen, no text where the captioner has no words for it; None where it fails."""
    try:
        seen = await _captioned(frame, eye, sight)
    except BackendError as error:
        eye.captioning.failed(str(error))
        return None
    if seen.facts is None and refuses(seen.text):
        seen = Seen("")
    eye.spared.wordless += not seen.text
    eye.spared.unchanged += seen.unchanged
    if sight.relief is None or not sight.relief.stands_in:
        eye.captioning.answered(sight.captioner)
        _learn(sighting, seen, eye)
    return seen if sight.reports is None else sight.reports.titled(seen)


async def _captioned(frame: Frame, eye: Eye, sight: Sight) -> Seen:
    """A caption, where the captioner does not keep up by what relieves it; of a file read fast all are waited for."""
    if sight.relief is None or eye.every_keyframe:
        seen, _ = await _by_model(frame, sight)
        return seen
    return await sight.relief.caption(frame, partial(_by_model, sight=sight), sight.worker)


async def _by_model(frame: Frame, sight: Sight) -> Made:
    """A caption of one camera after the other, and how long the model itself took."""
    return await sight.preemption.patient(lambda: _timed(frame, sight))


async def _timed(frame: Frame, sight: Sight) -> Made:
    before, captioner = sight.spent(), sight.captioner
    charge, seen = sight.budget.begin(caption=True), Seen("")
    try:
        if isinstance(captioner, Looker) and (sight.lanes == 1 or sight.reports is not None):
            seen = await _described(frame, captioner, sight)
        else:
            seen = expect(await sight.worker.call(captioner.caption, frame), Seen)
    finally:
        sight.budget.settle(charge, seen.text)
    return seen, sight.spent() - before


async def _described(frame: Frame, captioner: Looker, sight: Sight) -> Seen:
    """A vision-language model's caption piece by piece, so that a question can go before it."""
    if sight.reports is not None and (answer := await _reported(frame, captioner, sight)) is not None:
        return sight.reports.read(frame.camera, answer)
    text = await _answered(lambda: captioner.describe(frame), sight)
    # A captioner that steps in for a vision-language model may know facts as well.
    return Seen(one_line(text), captioner.facts if isinstance(captioner, Factual) else None)


async def _reported(frame: Frame, captioner: Looker, sight: Sight) -> str | None:
    """The answer to what is asked where events are told; None where who steps in cannot be asked anything."""
    assert sight.reports is not None
    request = sight.reports.request(frame)
    try:
        return await _answered(lambda: captioner.look(request), sight)
    except BackendError:
        if not isinstance(captioner, Factual):
            raise
        return None


async def _answered(ask: Callable[[], Iterator[str]], sight: Sight) -> str:
    async with aclosing(sight.worker.iterate(ask)) as pieces:
        return "".join([expect(piece, str) async for piece in sight.precedence.patient(pieces)])
