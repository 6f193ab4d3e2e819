"""Live regions for a screen reader on a page: what interrupts, what waits, what stays, and what is too old."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.regions import MOST, Regions, Role, region_of
from pipelines.news import CameraEvent, Change, Kind, Settings
from pipelines.remarks import Priority, Remark
from pipelines.types import Attention, Caption, Event, Notice, Recovered, Reply, SpeechStarted, Transcript, Trouble


def reply(text: str, priority: str, at: float = 0.0) -> Reply:
    return Reply(text, "", at, at, at + 1, priority=priority)


def happening(kind: Kind, change: Change = "new", at: float = 0.0) -> CameraEvent:
    return CameraEvent("1", 0, change, "door", kind, "Words.", "Title", at, at, 0.0)


@pytest.mark.parametrize(
    ("event", "role"),
    [
        (reply("A car comes closer.", "hazard"), "alert"),
        (happening("camera_lost"), "alert"),
        (happening("camera_covered"), "alert"),
        (Trouble("camera door", "the cable was pulled", 0.0), "alert"),
        (reply("A person on your left.", "caption"), "status"),
        (reply("Something moved.", "change"), "status"),
        (Caption("A person.", "door", 0.0, 0.0, 1), "status"),
        (happening("camera_covered", "end"), "status"),
        (Trouble("chat", "no answer", 0.0), "status"),
        (Recovered("camera door", 0.0), "status"),
        (Attention("open", 0.0), "status"),
        (Notice("Something to know.", 0.0), "status"),
        (reply("It is a cup.", "answer"), "log"),
        (Transcript("what is that", 0.0), "log"),
    ],
)
def test_only_hazards_and_blind_cameras_interrupt_a_screen_reader(event: Event, role: Role) -> None:
    region = region_of(event)
    assert region is not None
    assert region.role == role


@pytest.mark.parametrize(
    "event", [SpeechStarted(0.0), Settings(0.0), happening("motion"), Transcript("", 0.0), reply(" ", "hazard")]
)
def test_what_is_no_news_for_people_is_no_region(event: Event) -> None:
    assert region_of(event) is None


def test_what_is_out_of_date_is_not_sent() -> None:
    regions = Regions()
    regions.take(Caption("A person.", "door", 0.0, 0.0, 1))
    regions.take(reply("It is a cup.", "answer"))
    assert [one.text for one in regions.send(60.0)] == ["It is a cup."]


def test_only_the_newest_about_one_subject_is_sent_and_alerts_go_first() -> None:
    regions = Regions()
    regions.take(Caption("A person.", "door", 0.0, 0.0, 1))
    regions.take(Caption("A dog.", "desk", 0.5, 0.0, 1))
    regions.take(Caption("Nobody.", "door", 1.0, 0.0, 2))
    regions.take(reply("A car comes closer.", "hazard", 1.5))
    assert [one.text for one in regions.send(2.0)] == ["A car comes closer.", "A dog.", "Nobody."]
    assert regions.send(2.0) == []


def test_a_camera_that_sees_again_is_no_alert_any_more() -> None:
    regions = Regions()
    regions.take(Trouble("camera door", "the cable was pulled", 0.0))
    regions.take(happening("camera_lost"))
    assert [(one.role, one.text) for one in regions.send(0.0)] == [("alert", "door: Title")]
    regions.take(happening("camera_covered", at=1.0))
    regions.take(happening("camera_covered", "end", at=2.0))
    assert [(one.role, one.text) for one in regions.send(2.0)] == [("status", "door: Words.")]


def test_in_a_narration_captions_are_told_by_what_is_said_of_them() -> None:
    regions = Regions(narrates=True)
    regions.take(Caption("A person at a desk.", "door", 0.0, 0.0, 1))
    regions.take(reply("A person ahead.", "caption"))
    assert [one.text for one in regions.send(0.0)] == ["A person ahead."]


def test_the_conversation_is_kept_whole() -> None:
    regions = Regions()
    for number in range(5):
        regions.take(Transcript(f"question {number}", 0.0))
    assert len(regions.send(1000.0)) == 5


def test_the_same_is_not_said_twice_in_a_row_but_again_after_something_else() -> None:
    regions, sent = Regions(), []
    for at, text in enumerate(["A person.", "A person.", "Nobody.", "A person."]):
        regions.take(Caption(text, "door", float(at), 0.0, at))
        sent += [one.text for one in regions.send(float(at))]
    assert sent == ["A person.", "Nobody.", "A person."]


def test_text_off_a_picture_cannot_leave_its_line() -> None:
    region = region_of(Caption("EXIT\x1b[2J\nnow", "door", 0.0, 0.0, 1))
    assert region is not None
    assert region.text == "EXIT[2J now"


def test_a_hazard_interrupts_before_it_is_said_and_is_not_told_again_then() -> None:
    regions = Regions(narrates=True)
    regions.offer(Remark("Car approaching, ahead!", Priority.HAZARD, 1.0))
    assert [(one.role, one.text) for one in regions.send(1.1)] == [("alert", "Car approaching, ahead!")]
    regions.take(reply("Car approaching, ahead!", "hazard", 1.2))
    assert regions.send(2.0) == []


def test_a_covered_camera_is_told_once_in_a_narration() -> None:
    regions = Regions(narrates=True)
    regions.offer(Remark("Something covers the lens.", Priority.ANSWER, 0.0, camera="door"))
    regions.take(happening("camera_covered"))
    regions.take(Attention("open", 0.0))
    regions.take(reply("Something covers the lens.", "answer"))
    regions.take(reply("Camera and microphone are on.", "answer"))
    told = [("alert", "Something covers the lens."), ("log", "Camera and microphone are on.")]
    assert [(one.role, one.text) for one in regions.send(1.0)] == told


def test_a_voice_that_fails_cannot_say_so() -> None:
    regions = Regions(narrates=True)
    regions.take(Trouble("voice", "espeak-ng is absent", 0.0))
    assert [one.role for one in regions.send(0.0)] == ["status"]


def test_a_page_that_fetches_nothing_gathers_no_more_than_it_can_hold() -> None:
    regions = Regions()
    for number in range(10 * MOST):
        regions.take(Transcript(f"question {number}", 0.0))
    sent = regions.send(0.0)
    assert len(sent) == MOST
    assert sent[-1].text == f"question {10 * MOST - 1}"


def test_what_it_says_itself_is_chinese_in_a_chinese_session() -> None:
    regions = Regions(language="zh")
    for event in (Trouble("chat", "x", 0.0), Attention("open", 0.0), Recovered("voice", 0.0)):
        regions.take(event)
    assert [one.text for one in regions.send(0.0)] == ["回答出了问题：x", "摄像头和麦克风已打开。", "语音恢复了。"]


SAID = st.sampled_from(["a", "b"])
TROUBLES = st.builds(Trouble, st.sampled_from(["chat", "voice", "camera door"]), SAID, st.floats(0, 10))
EVENTS = st.one_of(TROUBLES, st.builds(Transcript, SAID, st.floats(0, 10)))


@given(st.lists(EVENTS, max_size=12), st.floats(0, 50))
def test_nothing_expired_and_no_subject_twice(events: list[Event], now: float) -> None:
    regions = Regions()
    for event in events:
        regions.take(event)
    sent = regions.send(now)
    assert all(one.expires_at >= now for one in sent)
    subjects = [one.about for one in sent if one.about]
    assert len(subjects) == len(set(subjects))
