"""What a failure takes along in a running session: its own part, and nothing else."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from devices.lines import Latest
from devices.media import Frame
from pipelines.phrases import ENGLISH
from pipelines.types import Caption, Health, Notice, Recovered, Reply, Seen, Trouble
from tests.fakes import (
    FakeCamera,
    FakeCaptioner,
    FakeChat,
    FakeMicrophone,
    FakeSpeaker,
    FakeVoice,
)
from tests.stage import COUNT, HELLO, RIDDLE, SILENCE, Stage


async def test_a_captioner_that_fails_is_named_once_and_tried_again() -> None:
    stage = Stage(cameras=[FakeCamera([10, 20, 30] + [40] * 100)], captioner=FakeCaptioner(fails_at=(10, 20, 30)))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["captioner of desk"]
    assert "no words for 10" in stage.told(Trouble)[0].why
    assert [caption.text for caption in stage.told(Caption)] == ["shade 40"]
    assert [event.part for event in stage.told(Recovered)] == ["captioner of desk"]


async def test_a_caption_that_failed_is_tried_again_although_nothing_moves() -> None:
    class Moody(FakeCaptioner):
        calls = 0

        def caption(self, frame: Frame) -> Seen:
            self.calls += 1
            if self.calls < 3:
                raise RuntimeError("not now")
            return super().caption(frame)

    stage = Stage(cameras=[FakeCamera([10] * 100)], captioner=Moody())
    await stage.run()
    assert [caption.text for caption in stage.told(Caption)] == ["shade 10"]
    assert len(stage.told(Trouble)) == 1


async def test_a_lost_camera_is_said_once_and_found_again_while_talk_goes_on() -> None:
    camera = FakeCamera([10, None, None, None, *[20] * 60], live=True)
    stage = Stage(cameras=[camera], microphone=FakeMicrophone([HELLO, *[SILENCE] * 20]))
    task = asyncio.create_task(stage.run())
    await asyncio.sleep(30)
    task.cancel()
    assert [(trouble.part, trouble.why) for trouble in stage.told(Trouble)] == [("camera desk", "the cable was pulled")]
    assert stage.said() == ["Hello there."]
    assert [caption.text for caption in stage.told(Caption)] == ["shade 10", "shade 20"]
    assert [event.part for event in stage.told(Recovered)] == ["camera desk"]


async def test_one_camera_of_several_that_is_lost_is_tried_ever_less_often_while_the_others_go_on() -> None:
    others = [FakeCamera([level] * 30 + [level + 5] * 800, name=f"at {level}", live=True) for level in (100, 200)]
    tried: list[float] = []

    class Tried(FakeCamera):
        async def run(self, frames: Latest[Frame]) -> None:
            tried.append(asyncio.get_running_loop().time())
            await super().run(frames)

    stage = Stage(cameras=[Tried([10, *[None] * 5, *[20] * 300], "away", live=True), *others])
    task = asyncio.create_task(stage.run())
    await asyncio.sleep(60)
    task.cancel()
    assert [round(later - earlier) for earlier, later in pairwise(tried)] == [1, 2, 4, 8, 16]
    assert [event.part for event in stage.told(Trouble)] == ["camera away"]
    assert [event.part for event in stage.told(Recovered)] == ["camera away"]
    said = {name: [one.text for one in stage.told(Caption) if one.camera == name] for name in ("at 100", "at 200")}
    assert said == {"at 100": ["shade 100", "shade 105"], "at 200": ["shade 200", "shade 205"]}


async def test_a_broken_file_is_not_read_again() -> None:
    stage = Stage(cameras=[FakeCamera([10, None, 20])])
    await stage.run()
    assert [caption.text for caption in stage.told(Caption)] == ["shade 10"]
    assert len(stage.told(Trouble)) == 1


async def test_a_transcriber_that_fails_does_not_stop_the_next_utterance() -> None:
    stage = Stage(microphone=FakeMicrophone([RIDDLE, *[SILENCE] * 5, HELLO, SILENCE]))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["transcriber"]
    assert stage.said() == [ENGLISH.unclear, "Hello there."]


async def test_a_chat_that_fails_says_so_and_its_error_is_never_spoken() -> None:
    stage = Stage(microphone=FakeMicrophone([HELLO, SILENCE, SILENCE]), chat=FakeChat({}))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["chat"]
    assert stage.said() == [ENGLISH.failed]


async def test_with_a_hoarse_voice_answers_are_still_written() -> None:
    stage = Stage(microphone=FakeMicrophone([HELLO, SILENCE]), voice=FakeVoice(fails_at=("Hello there.",)))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["voice"]
    assert stage.said() == ["Hello there."]
    assert stage.speaker is not None
    assert stage.speaker.plays == []


async def test_a_full_disk_under_the_speaker_leaves_the_rest_alive() -> None:
    microphone = FakeMicrophone([HELLO, SILENCE, SILENCE, HELLO, SILENCE])
    stage = Stage(cameras=[FakeCamera([10] * 10 + [20] * 40)], microphone=microphone, speaker=FakeSpeaker(full_from=0))
    await stage.run()
    assert [trouble.part for trouble in stage.told(Trouble)] == ["speaker"]
    assert stage.said() == ["Hello there.", "Hello there."]
    assert len(stage.told(Caption)) == 2


async def test_lost_samples_are_said() -> None:
    microphone = FakeMicrophone([SILENCE] * 12, lost=8000)
    stage = Stage(microphone=microphone)
    await stage.run()
    assert [notice.text for notice in stage.told(Notice)] == ["the microphone lost 0.50 s of sound"]
    assert stage.told(Health)[-1].counters["samples lost"] == 8000


async def test_ctrl_c_ends_a_session_in_the_middle_of_a_sentence() -> None:
    stage = Stage(microphone=FakeMicrophone([COUNT, *[SILENCE] * 100], live=True))
    task = asyncio.create_task(stage.run())
    await asyncio.sleep(2.0)
    task.cancel()
    before = asyncio.get_running_loop().time()
    await asyncio.wait([task])
    assert asyncio.get_running_loop().time() - before < 0.2
    assert stage.told(Reply)[0].cut
    assert stage.chat.closed == 1
