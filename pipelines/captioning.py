"""From the keyframes of one camera to their captions: which of them are put into words, and who is told."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace

from devices.lines import Lossless
from devices.media import Frame
from devices.threads import apart
from pipelines.backends import BackendError
from pipelines.novelty import Sighting
from pipelines.refusals import refuses
from pipelines.seeing import Eye
from pipelines.sight import Sight
from pipelines.types import Caption, Perception, Seen


class Captioning:
    """Puts what one eye shows into the words of the captioner that it shares with others."""

    def __init__(self, eye: Eye, sight: Sight, perceptions: Lossless[Perception]) -> None:
        self._eye, self._sight, self._perceptions = eye, sight, perceptions

    async def run(self) -> None:
        """Take the newest keyframe there is when it is this camera's turn, until the line is closed."""
        while await self._eye.keyframes.filled():
            await self._eye.wording.run(self._put_into_words())

    async def _put_into_words(self) -> None:
        """One keyframe. Its picture is given away before its event is told: who hears of that may look for it."""
        if not self._sight.wants_captions:
            await self._pass_over()
        elif (said := await self._next()) is not None:
            frame, caption = said
            self._eye.kept(frame, caption)
            if self._eye.watch is not None:
                self._eye.watch.captioned(caption)
            await self._perceptions.put(caption)

    async def _pass_over(self) -> None:
        """Leave a keyframe without words, as is set."""
        frame = await self._eye.keyframes.get()
        self._eye.spared.unasked += 1
        if self._eye.watch is not None:
            self._eye.watch.unchanged(frame)

    async def _next(self) -> tuple[Frame, Caption] | None:
        """The next keyframe with its caption, tried again after each failure; None where nothing new is to be told."""
        keyframes, sighting = self._eye.keyframes, await self._sought()
        async with nullcontext() if _is_known(sighting) else self._sight.turn(self._skipped):
            if sighting is not None and sighting.frame is not keyframes.newest:
                sighting = await self._sought()
            frame = await keyframes.get()
            number = keyframes.accepted - len(keyframes)
            seen = self._known(sighting) or await self._seen(frame, sighting)
        while seen is None:
            if not keyframes.closed:
                await self._eye.captioning.rest()
            if keyframes.closed or len(keyframes):  # a newer one came, or none will
                return None
            async with self._sight.turn(self._skipped):
                seen = await self._seen(frame, sighting)
        return self._told(frame, number, seen, sighting)

    def _skipped(self) -> int:
        return self._eye.keyframes.dropped

    async def _sought(self) -> Sighting | None:
        """The newest keyframe, which stays on its line, and which scene it shows; None: no scenes are remembered."""
        while self._eye.novelty is not None:
            newest = self._eye.keyframes.newest
            sighting = await apart("novelty", self._eye.novelty.find, newest, self._sight.detail)
            if self._eye.keyframes.newest is sighting.frame:
                return sighting
        return None

    def _known(self, sighting: Sighting | None) -> Seen | None:
        """What was said of the scene when it was shown lately; None: the model must be asked."""
        if self._eye.novelty is None or sighting is None:
            return None
        seen = self._eye.novelty.known(sighting)
        self._eye.spared.known += seen is not None
        return seen

    async def _seen(self, frame: Frame, sighting: Sighting | None) -> Seen | None:
        """What is to be seen, no text where the captioner has no words for it; None where it fails."""
        sight, spared = self._sight, self._eye.spared
        try:
            seen = await sight.seen(frame, patient=self._eye.every_keyframe)
        except BackendError as error:
            self._eye.captioning.failed(str(error))
            return None
        if seen.facts is None and refuses(seen.text):
            seen = Seen("")
        spared.wordless += not seen.text
        spared.unchanged += seen.unchanged
        if not sight.relieved:
            self._eye.captioning.answered(sight.captioner)
            self._learn(sighting, seen)
        return seen if sight.reports is None else sight.reports.titled(seen)

    def _learn(self, sighting: Sighting | None, seen: Seen) -> None:
        """Remember a description: not facts, which tell of one moment, nor an "unchanged", which may be careless."""
        if self._eye.novelty is None or sighting is None:
            return
        if seen.text and seen.facts is None and not seen.unchanged:
            self._eye.novelty.learn(sighting, seen)

    def _told(self, frame: Frame, number: int, seen: Seen, sighting: Sighting | None) -> tuple[Frame, Caption] | None:
        """The caption; None where what was told last still holds, as of this keyframe, or there are no words for it."""
        if self._sight.reports is not None:
            self._sight.reports.told(frame.camera, seen)
        if seen.text and not seen.unchanged:
            return frame, replace(self._caption(frame, number, seen), described_at=_described_at(sighting))
        if seen.unchanged:
            self._eye.unchanged(frame.camera, frame.captured_at)
        if self._eye.watch is not None:
            self._eye.watch.unchanged(frame)
        return None

    def _caption(self, frame: Frame, number: int, seen: Seen) -> Caption:
        return Caption(
            text=seen.text,
            camera=frame.camera,
            captured_at=frame.captured_at,
            took=max(0.0, asyncio.get_running_loop().time() - frame.captured_at),
            keyframe=number,
            facts=seen.facts,
            title=seen.title,
            labels=seen.labels,
            source=self._sight.name,
            confidence=seen.confidence,
        )


def _is_known(sighting: Sighting | None) -> bool:
    return sighting is not None and sighting.scene is not None


def _described_at(sighting: Sighting | None) -> float | None:
    """When the scene was described, where this is not the keyframe of which that was said."""
    return sighting.scene.described_at if sighting is not None and sighting.scene is not None else None
