"""Whole sessions as `omni run` puts them together, of scripted devices and models."""

from __future__ import annotations

import threading
from typing import get_args

from assistant import app
from assistant.feed import Feed
from assistant.parts import Models, Outside
from assistant.plain import drops
from devices.media import Frame
from pipelines.backends import Kind
from pipelines.ladder import FEWER, FULL, LIGHT, SMALLER
from pipelines.relief import DOWN, UP
from pipelines.types import Caption, Event, Health, Notice, Seen
from pipelines.worker import Worker
from tests.fakes import FakeCamera, FakeCaptioner, FakeMicrophone
from tests.recorded import FakeParts, config, take


class Tired(FakeCaptioner):
    """Slow in its first nine captions."""

    captions = 0

    def caption(self, frame: Frame) -> Seen:
        self.captions += 1
        take(12.0 if self.captions <= 9 else 2.0)
        return super().caption(frame)


async def told(parts: FakeParts, **sections: object) -> list[Event]:
    feed = Feed()
    line = feed.subscribe(10_000)
    await app.run(config(**sections), feed, parts=parts)
    feed.close()
    return [event async for event in line]


async def test_a_captioner_that_is_too_slow_for_a_while_is_relieved_step_by_step_and_back() -> None:
    others = set(threading.enumerate())
    camera = FakeCamera([10 if number // 4 % 2 else 200 for number in range(900)], every=1.0)
    parts = FakeParts(captioner=Tired(), camera=camera, microphone=FakeMicrophone([(1.0, 0.0)]))
    events = await told(parts, ladder={"slow": 10, "quick": 8, "retry": 60, "every": 10})
    down, up = DOWN["en"], UP["en"]
    assert [event.text for event in events if isinstance(event, Notice) and event.at > events[0].at] == [
        *(down[step] for step in (FEWER, SMALLER, LIGHT)),
        *(up[step] for step in (SMALLER, FEWER, FULL)),
    ]
    captions = [event.text for event in events if isinstance(event, Caption)]
    assert "something moved" in captions
    assert captions[-1].startswith("shade")
    assert [event for event in events if isinstance(event, Health)][-1].counters["ladder step"] == FULL
    for thread in set(threading.enumerate()) - others:
        if thread.name == "light captioner":
            thread.join(5)
            assert not thread.is_alive(), "it was told to end"


async def test_events_that_somebody_missed_are_counted_where_drops_are_shown() -> None:
    feed = Feed()
    line = feed.subscribe(10_000)
    feed.subscribe(2, "metrics")
    await app.run(config(), feed, Outside(counters=feed.counters), FakeParts())
    feed.close()
    health = [event async for event in line if isinstance(event, Health)][-1]
    assert drops(health.counters)["events for the metrics dropped"] > 2
    assert "events for the feed dropped" not in health.counters


async def test_every_model_has_its_own_time_after_which_it_counts_as_hung() -> None:
    models = Models(workers={kind: Worker(kind) for kind in get_args(Kind)})
    models.limit(config(hung={"chat": 300}).hung)
    times = {kind: worker.longest for kind, worker in models.workers.items()}
    assert times == {
        "captioner": 180,
        "chat": 300,
        "transcriber": 60,
        "voice": 30,
        "spotter": 30,
        "reader": 60,
        "detector": 15,
        "wake": 15,
        "turn": 15,
    }
    models.close()
