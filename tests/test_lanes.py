"""Several cameras at a captioner that works on several pictures at once, elsewhere."""

from __future__ import annotations

import asyncio
import threading

import pytest
from pydantic import ValidationError

from devices.lines import Lossless
from devices.media import Frame
from pipelines.backends import lanes
from pipelines.captioners.openai import OpenAi
from pipelines.captioning import Captioning
from pipelines.seeing import Eye
from pipelines.sight import Sight
from pipelines.trouble import Patience
from pipelines.types import Caption, Event, Perception, Seen
from pipelines.worker import Worker
from tests.fakes import FakeCamera, FakeCaptioner, ShadeGate, frame


class Meeting:
    """Answers only when as many pictures as it has lanes are with it."""

    lanes = 3

    def __init__(self) -> None:
        self._together = threading.Barrier(self.lanes, timeout=5)

    def caption(self, frame: Frame) -> Seen:
        self._together.wait()
        return Seen(f"seen by {frame.camera}")


def eye(name: str, told: list[Event]) -> Eye:
    camera = FakeCamera([], name)
    return Eye(camera, ShadeGate(), Patience(f"camera {name}", told.append), Patience("captioner", told.append))


def wide(captioner: Meeting) -> Sight:
    """As a session makes it of a captioner that has lanes."""
    worker = Worker("captioner")
    worker.widen(captioner.lanes + 1)
    return Sight(captioner, worker).abreast(lanes(captioner))


@pytest.mark.real_time
async def test_each_camera_has_its_picture_under_way() -> None:
    sight, told = wide(Meeting()), list[Event]()
    line = Lossless[Perception](8, "perceptions")
    async with asyncio.TaskGroup() as group:
        for name in ("desk", "door", "hall"):
            one = eye(name, told)
            group.create_task(Captioning(one, sight, line).run())
            one.keyframes.put(frame(10, 0.0, name))
            one.keyframes.close()
    line.close()
    captions = [one async for one in line if isinstance(one, Caption)]
    assert sorted(one.text for one in captions) == ["seen by desk", "seen by door", "seen by hall"]
    assert told == []
    sight.worker.close()


@pytest.mark.real_time
async def test_a_question_is_put_beside_the_captions_and_ends_none() -> None:
    captioner = Meeting()
    sight, line = wide(captioner), Lossless[Perception](8, "perceptions")
    eyes = [eye(name, []) for name in ("desk", "door")]
    async with asyncio.TaskGroup() as group:
        for one in eyes:
            group.create_task(Captioning(one, sight, line).run())
            one.keyframes.put(frame(10, 0.0, one.camera.name))
            one.keyframes.close()
        async with sight.preemption.first():  # both captions wait for a third, which the question is
            answer = await sight.worker.call(captioner.caption, frame(20, 0.0, "a question"))
    assert answer.text == "seen by a question"
    assert line.accepted == 2
    sight.worker.close()


def test_other_captioners_have_one_lane() -> None:
    assert lanes(FakeCaptioner()) == 1
    sight = Sight(FakeCaptioner(), None)  # type: ignore[arg-type]  # nothing is asked of it
    assert sight.abreast(1) is sight


def test_a_cluster_is_given_as_many_as_it_is_said_to_take() -> None:
    cluster = OpenAi(url="http://127.0.0.1:1/v1", model="m", lanes=4, parallel=5)
    assert lanes(cluster.load()) == 4
    assert lanes(OpenAi(url="http://127.0.0.1:1/v1", model="m").load()) == 1
    with pytest.raises(ValidationError, match="lanes = 4 needs parallel = 5 or more"):
        OpenAi(url="http://127.0.0.1:1/v1", model="m", lanes=4)
    with pytest.raises(ValidationError, match="leave out lanes, or fallback"):
        OpenAi(url="http://127.0.0.1:1/v1", model="m", lanes=2, parallel=4, fallback="embedded")  # type: ignore[arg-type]
