"""What captions may cost: they wait for it in turn, and the newest picture goes; questions never wait, and count."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from assistant.config import ConfigError, parse
from pipelines.budget import Budget, BudgetOptions, tokens
from pipelines.live import live
from pipelines.looking import LookingOptions, Looks
from pipelines.types import Caption, Health
from tests.fakes import FakeCamera
from tests.lookers import ScriptedLooker
from tests.stage import Stage


def lively(name: str, seconds: int = 300) -> FakeCamera:
    """Something else every second."""
    return FakeCamera([number % 200 for number in range(seconds)], name=name, every=1.0)


def staged(*cameras: FakeCamera, **limits: int) -> Stage:
    return Stage(cameras=list(cameras), sections={"budget": BudgetOptions(**limits)})


def made(stage: Stage) -> list[float]:
    """When the captions were."""
    return [caption.captured_at + caption.took for caption in stage.told(Caption)]


def most_in_a_minute(times: list[float]) -> int:
    return max(sum(0 <= later - at < 60 for later in times) for at in times)


async def test_without_a_budget_nothing_waits_and_nothing_is_counted() -> None:
    stage = staged(lively("desk", 100))
    await stage.run()
    assert len(stage.told(Caption)) == 100
    assert not [name for name in stage.told(Health)[-1].counters if "budget" in name or "charged" in name]


async def test_in_no_minute_there_are_more_captions_than_the_budget_allows() -> None:
    for calls in (1, 2, 5, 6, 13):
        stage = staged(lively("desk"), calls_per_minute=calls)
        await stage.run()
        assert most_in_a_minute(made(stage)) == calls
        assert len(made(stage)) >= 5 * calls, "and it is used up"


async def test_what_is_described_after_the_wait_is_the_newest_picture() -> None:
    stage = staged(lively("desk"), calls_per_minute=2)
    await stage.run()
    assert max(caption.took for caption in stage.told(Caption)[:-1]) <= 1.0
    counters = stage.told(Health)[-1].counters
    assert counters["calls charged"] == len(stage.told(Caption)) == 11
    assert counters["captions put off by the budget"] == 10
    assert counters["keyframes skipped by the budget"] == counters["desk keyframes dropped"] == 300 - 11


async def test_something_that_happens_is_told_at_once_and_the_rest_is_spread_over_the_minute() -> None:
    stage = staged(lively("desk", 600), calls_per_minute=8)
    await stage.run()
    times = made(stage)
    assert times[3] - times[0] <= 4.0
    assert max(later - earlier for earlier, later in pairwise(times)) <= 13


async def test_cameras_share_it_by_turns_and_a_busy_one_takes_nothing_from_a_quiet_one() -> None:
    quiet = FakeCamera([number // 30 for number in range(600)], name="quiet", every=1.0)
    busy = [FakeCamera([n % 250 for n in range(2400)], name=f"busy {number}", every=0.25) for number in range(2)]
    stage = staged(*busy, quiet, calls_per_minute=12)
    await stage.run()
    said = [caption.text for caption in stage.told(Caption) if caption.camera == "quiet"]
    assert said == [f"shade {number}" for number in range(20)], "each of its changes"
    shares = [sum(one.camera == camera.name for one in stage.told(Caption)) for camera in busy]
    assert abs(shares[0] - shares[1]) <= 2
    assert most_in_a_minute(made(stage)) == 12


async def test_a_budget_of_tokens_is_kept_by_what_answers_and_pictures_count() -> None:
    stage = staged(lively("desk"), tokens_per_minute=1000, picture_tokens=97)  # and three for the words: shade 7
    await stage.run()
    assert most_in_a_minute(made(stage)) == 10
    assert stage.told(Health)[-1].counters["tokens estimated"] == 100 * len(made(stage))


async def test_a_caption_that_is_too_much_for_any_minute_has_one_to_itself() -> None:
    stage = staged(lively("desk", 150), tokens_per_minute=10, picture_tokens=500)
    await stage.run()
    assert [round(later - earlier) for earlier, later in pairwise(made(stage))] == [60, 60, 60]


async def test_a_question_is_answered_at_once_although_the_budget_is_used_up() -> None:
    stage = staged(FakeCamera([n % 250 for n in range(200)], name="desk", every=1.0), calls_per_minute=1)
    stage.captioner, stage.takes = ScriptedLooker(), {}
    session = stage.session()
    running = asyncio.create_task(live(session, stage.events.append))
    await asyncio.sleep(30)
    assert session.sight is not None
    looks = Looks(LookingOptions(), session.eyes, session.sight, stage.events.append)
    looked = await looks.look("what is that?", asyncio.get_running_loop().time())
    assert looked is not None
    assert looked.took < 1
    await running
    assert made(stage)[1] - made(stage)[0] > 85, "the caption of the next minute makes way for it"
    assert stage.told(Health)[-1].counters["calls charged"] == len(made(stage)) + 1


async def test_what_is_asked_while_the_budget_is_used_up_counts_in_the_next_minute() -> None:
    budget = Budget(BudgetOptions(calls_per_minute=2))
    loop, made = asyncio.get_running_loop(), list[float]()
    began = loop.time()

    async def captions() -> None:
        while True:
            async with budget.room():
                charge = budget.begin(caption=True)
                made.append(loop.time() - began)
                await asyncio.sleep(1)
                budget.settle(charge, "a cup")

    captioning = asyncio.create_task(captions())
    await asyncio.sleep(30)
    for _ in range(5):
        budget.settle(budget.begin(caption=False), "how many cups are there?")
    await asyncio.sleep(100)
    captioning.cancel()
    assert made == [0, 90, 120]
    assert budget.counters()["calls charged"] == 8


async def test_a_caption_that_was_not_asked_for_after_all_costs_nothing() -> None:
    budget = Budget(BudgetOptions(calls_per_minute=1))
    for _ in range(20):
        async with budget.room():
            """The scene was known."""
    assert budget.counters()["captions put off by the budget"] == 0


async def test_whoever_gives_up_waiting_makes_way() -> None:
    budget = Budget(BudgetOptions(calls_per_minute=1))

    async def caption() -> float:
        async with budget.room():
            budget.settle(budget.begin(caption=True), "")
            return asyncio.get_running_loop().time()

    first = await caption()
    impatient, patient = asyncio.create_task(caption()), asyncio.create_task(caption())
    await asyncio.sleep(10)
    impatient.cancel()
    assert await patient == pytest.approx(first + 60)


def test_tokens_are_estimated_by_words_and_by_chinese_characters() -> None:
    assert tokens("") == 0
    assert tokens("A man walks in.") == 7
    assert tokens("一个人走进来") == 6


def test_a_budget_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"budget\.calls_per_minute: input should be greater than or equal to 1"):
        parse({"camera": [{}], "budget": {"calls_per_minute": 0}}, "home.toml")
