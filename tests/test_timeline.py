"""What is asked of the course of things is answered from memory, with the times, and never beyond the evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipelines.backends import Exchange, Prompt
from pipelines.chats.chinese import CHINESE
from pipelines.chats.english import ENGLISH
from pipelines.chats.requests import Request, recognise
from pipelines.memory import Memory
from pipelines.types import Caption, Facts, Looked
from tests.pairs import NOW
from tests.rules import RULES, ask, ask_of, remembered, saw

CUP, DESK = "A red cup on a desk.", "An empty desk."


def test_old_evidence_is_told_with_its_age_and_fresh_evidence_without() -> None:
    caption = saw("One.", age=60, facts=Facts(people=1))
    assert ask("how many people do you see", caption) == "I last looked 60 seconds ago: I see at least one person."
    assert ask("how many people do you see", replace(caption, still_at=NOW - 1)) == "I see at least one person."


def test_people_who_came_and_went_are_told_with_the_times() -> None:
    nobody, someone = Facts(people=0), Facts(people=1)
    came = (saw("", 50, facts=nobody), saw("", 30, facts=someone), saw("", 20, facts=someone))
    assert ask("when did someone come", *came) == "Someone came 30 seconds ago."
    gone = (*came, saw("", 10, facts=nobody))
    told = "I saw someone 20 seconds ago; since 10 seconds ago I see nobody."
    assert ask("did they leave", *gone) == f"{told} I last looked 10 seconds ago."
    assert ask("did they leave", *came, replace(gone[-1], still_at=NOW - 1)) == told


def test_who_came_is_remembered_after_many_more_changes() -> None:
    visitor = saw("A person.", 60, facts=Facts(people=1))
    since = [saw(f"Light {age}.", age, facts=Facts(people=0)) for age in range(50, 10, -4)]
    memory = remembered(visitor, *since)
    assert visitor not in memory.scene()
    memory.still("camera", NOW - 14, NOW)
    assert ask_of(memory, "has anyone been here") == "I saw someone 60 seconds ago; since 50 seconds ago I see nobody."


def test_who_was_always_there_was_there_since_the_first_picture_of_all() -> None:
    memory = remembered(*(saw(f"Light {age}.", age, facts=Facts(people=1)) for age in range(60, 10, -5)))
    assert ask_of(memory, "how long has the person been there") == (
        "As far as I remember, someone has always been there; I first saw them 60 seconds ago."
    )


def test_nobody_is_said_to_have_come_only_as_far_as_memory_reaches() -> None:
    memory = remembered(saw("Nobody.", 3, facts=Facts(people=0)))
    assert ask_of(memory, "has anyone been here") == "I have seen nobody, as far as I remember."


def test_what_changed_long_ago_is_told_after_many_changes_of_another_kind() -> None:
    sign = saw("A sign.", 90, facts=Facts(changes=("the text “EXIT” is gone",)))
    memory = remembered(sign, *(saw(f"Light {age}.", age, facts=Facts()) for age in range(60, 10, -5)))
    assert ask_of(memory, "what changed") == "90 seconds ago: the text “EXIT” is gone."


def day(*seen: tuple[float, str]) -> Memory:
    """A memory of captions in words, each seen so many seconds ago; the last one still holds."""
    memory = remembered(*(saw(text, age) for age, text in seen))
    memory.still("camera", NOW - seen[-1][0], NOW)
    return memory


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("where did you last see my cup?", f"I last saw that 90 seconds ago: {CUP}"),
        ("where did I put my red mug", f"I last saw that 90 seconds ago: {CUP}"),
        ("when was the last time you saw the cup", f"I last saw that 90 seconds ago: {CUP}"),
        ("where is my cup", f"I last saw that 90 seconds ago: {CUP}"),
        ("have you seen my cup", f"I last saw that 90 seconds ago: {CUP}"),
        ("where did you last see my desk", f"I see it now: {DESK}"),
        ("where did you last see my blue cup", "I have not seen that."),
        ("where did I leave my keys", "I have not seen that."),
        ("is there a zebra", "I have not seen that."),
        ("what was there before", f"90 seconds ago: {CUP} 3 minutes ago: A dog on a chair."),
        ("what was there before the cup", "3 minutes ago: A dog on a chair."),
        ("what did I show you before", f"90 seconds ago: {CUP} 3 minutes ago: A dog on a chair."),
        ("what just happened?", f"60 seconds ago: {DESK} 90 seconds ago: {CUP}"),
        ("how long has it been there", f"I first saw that 60 seconds ago: {DESK}"),
        ("how long was the cup there", "I first saw that 90 seconds ago, and last 90 seconds ago."),
        ("when did the dog come in", "I first saw that 3 minutes ago, and last 3 minutes ago."),
        ("你最后在哪看到我的杯子？", f"我最后一次看到是90秒前：{CUP}"),
        ("我的杯子在哪", f"我最后一次看到是90秒前：{CUP}"),
        ("你见过我的钥匙吗，上次在哪里看到的", "我没有看到过。"),
        ("之前有什么", f"90秒前：{CUP}3分钟前：A dog on a chair."),
        ("它在那里多久了", f"我最早看到是60秒前：{DESK}"),
        ("刚才发生了什么", f"60秒前：{DESK}90秒前：{CUP}"),
    ],
)
def test_what_was_seen_before_is_told_from_memory(question: str, answer: str) -> None:
    memory = day((200, "A dog on a chair."), (90, CUP), (60, DESK))
    said = "".join(RULES.reply(Prompt("", (), memory.scene(), question, NOW, memory.record())))
    assert said == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("when did someone come in?", "Someone came 60 seconds ago."),
        ("什么时候有人进来的", "有人来了，是60秒前。"),
        ("有人来过吗", "有人来了，是60秒前。"),
    ],
)
def test_a_visit_is_told_from_captions_in_words(question: str, answer: str) -> None:
    assert ask_of(day((200, "Nobody is in the room."), (60, "A man walks into the room.")), question) == answer
    assert ask_of(day((200, "房间里没有人。"), (60, "一个男人走进房间。")), question) == answer


@pytest.mark.parametrize(
    ("question", "request_"),
    [
        ("Hey, where did he put my keys?", Request.LAST_SEEN),
        ("did you see where I left my phone", Request.LAST_SEEN),
        ("where was my little red cup", Request.LAST_SEEN),
        ("where did the cup go", Request.LAST_SEEN),
        ("我把手机放哪了", Request.LAST_SEEN),
        ("看见我的钥匙了吗", Request.LAST_SEEN),
        ("since when is the door open", Request.HOW_LONG),
        ("how long has the cup been on the table", Request.HOW_LONG),
        ("门开了多久了", Request.HOW_LONG),
        ("how long have I been sitting here", Request.VISITS),
        ("when did you last see him", Request.VISITS),
        ("他什么时候走的", Request.VISITS),
        ("what was I holding before that", Request.EARLIER),
        ("what happened while I was away", Request.EARLIER),
        ("之前那里是什么", Request.EARLIER),
        ("where did the time go", None),
        ("where was the first computer built", None),
        ("where did you go to school", None),
        ("how long is the wall of china", None),
        ("what was the capital of germany before berlin", None),
        ("what were we talking about before", None),
        ("when did the war end", None),
    ],
)
def test_memory_is_asked_in_many_words_and_not_about_everything(question: str, request_: Request | None) -> None:
    assert recognise(question) is request_


def test_it_is_what_was_asked_for_before() -> None:
    memory, asked = day((90, CUP), (60, "A red cup and a book."), (30, DESK)), Exchange("where is my cup", "Gone.")
    prompt = Prompt("", (asked,), memory.scene(), "how long was it there", NOW, memory.record())
    assert RULES.answer(prompt) == "I first saw that 90 seconds ago, and last 60 seconds ago."


@pytest.mark.parametrize(
    ("age", "english", "chinese"),
    [
        (2 * 3600, "2 hours ago, at 13:09", "2小时前（13点9分）"),
        (20 * 3600, "yesterday at 19:09", "昨天19点9分"),
        (4 * 86400, "on Tuesday at 15:09", "3月10日15点9分"),
        (40 * 86400, "on 2 February at 15:09", "2月2日15点9分"),
    ],
)
def test_what_is_long_ago_is_told_by_the_clock(age: float, english: str, chinese: str) -> None:
    scene = saw(CUP, age), saw(DESK, 1)
    assert ask("where did you last see my cup", *scene) == f"I last saw that {english}: {CUP}"
    assert ask("我的杯子在哪", *scene) == f"我最后一次看到是{chinese}：{CUP}"


def test_what_is_said_of_the_present_by_a_camera_that_is_covered_is_told_with_its_age() -> None:
    covered = remembered(saw(DESK, 400))
    covered.still("camera", NOW - 400, NOW - 40)
    assert ask_of(covered, "what changed") == "Nothing has changed, as far as I see. I last looked 40 seconds ago."
    assert ask_of(covered, "what do you see") == f"I last looked 40 seconds ago: {DESK}"
    assert ask_of(covered, "where did you last see my desk") == f"I last saw that 40 seconds ago: {DESK}"
    assert ask_of(covered, "有什么变化") == "没有看到变化。我上次看是40秒前。"


def test_a_thing_is_told_with_its_camera_where_there_are_several() -> None:
    memory = remembered(saw(CUP, 90, "desk"), saw("A door.", 60, "hall"), saw(DESK, 30, "desk"))
    assert ask_of(memory, "where is my cup") == f"I last saw that 90 seconds ago on the desk camera: {CUP}"


def test_eyes_that_cannot_name_things_do_not_claim_that_none_was_there() -> None:
    memory = remembered(saw("A person.", 9, facts=Facts(people=1)), saw("Nobody.", 1, facts=Facts(people=0)))
    assert ask_of(memory, "where did you last see my cup") == ENGLISH.of_memory.nameless
    assert ask_of(memory, "我的杯子在哪") == CHINESE.of_memory.nameless


def look(question: str, text: str = "It is a mug.", age: float = 1, *scene: Caption) -> str | None:
    prompt = Prompt("", (), scene, question, NOW, scene, Looked(question, text, "camera", NOW - age, 0.5))
    return RULES.answer(prompt)


def test_a_look_at_the_question_itself_is_said_where_it_is_the_best_evidence() -> None:
    dog = saw("A brown dog lies on a sofa.")
    assert look("what is this") == "It is a mug."
    assert look("what am I holding", "It is a mug.", 1, dog) == "It is a mug."
    assert look("would this go with my hat", "It would.", 1, dog) == "It would."
    assert look("what is this", "It is a mug.", 8) == "I last looked 8 seconds ago: It is a mug."
    assert look("这是什么", "一个杯子。", 8) == "我上次看是8秒前：一个杯子。"
    assert look("is there a dog", " ", 1, dog) == "A brown dog lies on a sofa."


def test_a_look_knows_neither_the_time_nor_what_was_before() -> None:
    dog, cat = saw("A dog.", 9), saw("A cat.", 1)
    assert look("what time is it", "Noon.", 1, dog) == "It is 15:09."
    assert look("what was there before", "It is a cat.", 1, dog, cat) == "9 seconds ago: A dog."
    assert look("where is my dog", "I see no dog.", 1, dog, cat) == "I last saw that 9 seconds ago: A dog."
    assert look("where is my cat", "On the left.", 1, dog, cat) == "On the left."
