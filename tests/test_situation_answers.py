"""Questions about what is there now are answered from boxes and lines of text, with their age, and never by a guess."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from pipelines.answering import Answers, Mind, Request
from pipelines.backends import Exchange, Prompt
from pipelines.chats.embedded import UNSURE, Later, RulesFirst
from pipelines.chats.grounded import Rules
from pipelines.memory import Memory
from pipelines.narration.answers import Boxes, noted, said, told
from pipelines.narration.places import Style
from pipelines.narration.situation import Situation, Thing
from pipelines.phrases import ENGLISH
from pipelines.spots import CODE, TEXT, Box, Spot
from pipelines.tracing import Trace
from pipelines.trouble import Patience
from pipelines.types import Caption, Facts, Transcript
from pipelines.worker import Worker
from tests.fakes import FakeChat

NOW = 100.0
LEFT, AHEAD, RIGHT = Box(0.1, 0.4, 0.2, 0.8), Box(0.45, 0.4, 0.55, 0.8), Box(0.8, 0.4, 0.9, 0.8)
CANNOT = "I can't tell from here."


def thing(label: str, box: Box, score: float = 0.9, rivals: tuple[str, ...] = ()) -> Thing:
    return Thing(1, label, box, score, 0.0, NOW, rivals=rivals)


SCENE = Situation(
    "hall",
    (thing("person", LEFT), thing("cell phone", AHEAD), thing("bottle", RIGHT), thing("bottle", RIGHT)),
    (Spot(TEXT, Box(0.42, 0.1, 0.6, 0.2), 0.9, "EXIT"), Spot(TEXT, Box(0.7, 0.3, 1.0, 0.4), 0.9, "PU")),
    known_at=NOW - 1,
    read_at=NOW - 2,
)
NOTHING = Situation("hall", known_at=NOW - 1, read_at=NOW - 1)
UNSEEN = Situation("hall")


def ask(question: str, *situations: Situation, style: Style = "side") -> str | None:
    return said(question, situations, style, NOW, "en")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What do you see?", "One person on your left, a mobile phone ahead and 2 bottles on your right. "
                             "It reads: “EXIT”; “PU”, partly covered."),
        ("what's to my left?", "On your left: one person."),
        ("What is on the right?", "On your right: 2 bottles and text “PU”."),
        ("what's ahead of me", "Ahead: a mobile phone and text “EXIT”."),
        ("what's in front of me?", "Ahead: a mobile phone and text “EXIT”."),
        ("Is anyone on my right?", "On your right: 2 bottles and text “PU”."),
        ("what's behind me?", CANNOT),
        ("Where is the bottle?", "2 bottles on your right."),
        ("where's my phone", "A mobile phone ahead."),
        ("where is the exit sign?", "Text “EXIT” ahead."),
        ("where is the cat?", "I don't see any cats."),
        ("How many people are there?", "One person on your left."),
        ("how many bottles are there", "2 bottles on your right."),
        ("is anyone there?", "Yes: one person on your left."),
        ("is there a bottle", "Yes: 2 bottles on your right."),
        ("read that", "It reads: “EXIT”; “PU”, partly covered."),
        ("what does it say", "It reads: “EXIT”; “PU”, partly covered."),
        ("你看到了什么？", "你左边有一个人，前方有一部手机，你右边有两个瓶子。写的是：“EXIT”；“PU”，被遮住了一部分。"),
        ("左边有什么？", "你左边：有一个人。"),
        ("前面有什么", "前方：有一部手机，文字“EXIT”。"),
        ("瓶子在哪里？", "你右边有两个瓶子。"),
        ("有几个人？", "你左边有一个人。"),
        ("有人吗？", "有：你左边有一个人。"),
        ("有几个瓶子？", "你右边有两个瓶子。"),
        ("读一下", "写的是：“EXIT”；“PU”，被遮住了一部分。"),
        ("身后有什么？", "我从这里看不出来。"),
    ],
)  # fmt: skip
def test_what_is_there_is_told_from_boxes(question: str, answer: str) -> None:
    assert ask(question, SCENE) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What do you see?", "I see nothing that I can name."),
        ("what's to my left?", "I see nothing that I can name on your left."),
        ("how many people are there?", "I see nobody."),
        ("is anyone there?", "I see nobody."),
        ("read that", "I see no text that I can read."),
        ("有人吗？", "没有看到人。"),
    ],
)
def test_where_somebody_looked_and_there_is_nothing_it_says_so(question: str, answer: str) -> None:
    assert ask(question, NOTHING) == answer


QUESTIONS = ["What do you see?", "what's to my left?", "where is the bottle?", "how many people are there?",
             "is anyone there?", "read that", "what is ahead"]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
def test_without_evidence_it_cannot_tell(question: str) -> None:
    assert ask(question, UNSEEN) == CANNOT
    assert ask(question) == CANNOT, "without a camera too"


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_the_matter_with_the_camera_is_told_instead(question: str) -> None:
    covered = Situation("hall", known_at=NOW, read_at=NOW, trouble="Something covers the lens.")
    assert ask(question, covered) == f"{CANNOT} Something covers the lens."


def test_an_old_look_is_told_with_its_age() -> None:
    old = Situation("hall", (thing("person", LEFT),), known_at=NOW - 20)
    assert ask("is anyone there?", old) == "I last looked 20 seconds ago: Yes: one person on your left."
    assert ask("read that", old) == CANNOT


@pytest.mark.parametrize(
    ("things", "answer"),
    [
        ((thing("person", LEFT), thing("person", RIGHT)), "2 people: on your left and on your right."),
        ((thing("person", LEFT), thing("person", RIGHT, 0.5)), "One person on your left and "
         "possibly one person on your right."),
        ((thing("person", AHEAD, 0.5),), "Possibly one person ahead."),
        ((thing("person", AHEAD, rivals=("dog",)),), "Possibly one person ahead."),
    ],
)  # fmt: skip
def test_what_is_not_sure_is_only_possible(things: tuple[Thing, ...], answer: str) -> None:
    assert ask("how many people are there?", Situation("hall", things, known_at=NOW)) == answer


def test_places_are_told_as_one_likes_them() -> None:
    assert ask("where is the bottle", SCENE, style="clock") == "2 bottles at 1 o'clock."
    assert ask("how many people are there", SCENE, style="none") == "One person."
    assert ask("where is the bottle", SCENE, style="none") == "2 bottles on your right.", "it was asked for"


def test_of_several_cameras_those_that_found_it_answer_by_name() -> None:
    garden = Situation("garden", (thing("cat", AHEAD),), known_at=NOW, read_at=NOW)
    assert ask("where is the cat", SCENE, garden) == "On the garden camera, a cat ahead."
    assert ask("is anyone there", NOTHING, garden) == "I see nobody."
    blind = Situation("garden", trouble="Something covers the lens.")
    assert ask("is anyone there", SCENE, blind) == "On the hall camera, yes: one person on your left."


def test_codes_are_read_too() -> None:
    code = Situation("hall", texts=(Spot(CODE, AHEAD, 1.0, "42"),), read_at=NOW)
    assert ask("read that", code) == "A code says “42”."


@pytest.mark.parametrize(
    "question",
    ["what time is it", "what colour is my shirt", "tell me a joke", "why is the sky blue", "where was the door",
     "what should I do with what is left", "where did you last see my keys", "今天星期几", "我的衣服是什么颜色"],
)  # fmt: skip
def test_other_questions_are_left_to_the_chat(question: str) -> None:
    assert ask(question, SCENE) is None


def test_where_boxes_found_nothing_others_may_know_more() -> None:
    for question, situation, found in [
        ("where is the cat", SCENE, False),
        ("where is the bottle", SCENE, True),
        ("where is the bottle", UNSEEN, False),
        ("is anyone there", NOTHING, True),
        ("what's behind me", SCENE, True),
    ]:
        answer = told(question, [situation], "side", NOW, "en")
        assert answer is not None
        assert answer.found is found, question


def test_the_note_of_a_chat_says_where_things_are_and_only_what_has_a_box() -> None:
    assert noted([NOTHING], "side", NOW, "en") == ""
    there = Situation("hall", (thing("person", LEFT), thing("bottle", RIGHT)), known_at=NOW)
    line = noted([there], "side", NOW, "en")
    assert (
        line == "Where things are, now, and nothing else is known of places: "
        "One person on your left and a bottle on your right."
    )
    assert (
        noted([there, Situation("yard", trouble="It is dark.")], "side", NOW, "en").splitlines()[1]
        == "yard: It is dark."
    )


class Household:
    """Answers from boxes, with a chat that says "chat" to everything, or none, and with captions seen before."""

    def __init__(self, *situations: Situation, captions: Sequence[Caption] = (), chat: bool = True) -> None:
        memory = Memory()
        for caption in captions:
            memory.add(caption)
        self.chat = Echo()
        mind = Mind(self.chat, Worker("chat"), Patience("chat", lambda event: None)) if chat else None
        self.answers = Answers(memory, mind)
        self.answers.boxes = Boxes(lambda: [_now(one) for one in situations], "side")

    async def ask(self, question: str) -> str:
        asked = Transcript(question, NOW, source="keyboard")
        request = Request(asked, (), ENGLISH, Trace(asked))
        return " ".join([sentence async for sentence in self.answers.to(request)])


class Echo:
    """A chat that says "Chat." to everything."""

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    def reply(self, prompt: Prompt) -> Iterator[str]:
        self.prompts.append(prompt)
        yield "Chat."


def _now(situation: Situation) -> Situation:
    """As if somebody looked this moment, where anybody did."""
    now = asyncio.get_running_loop().time()
    return situation if situation.known_at is None else replace(situation, known_at=now, read_at=now)


SEEN = Caption("A person in a blue shirt.", "hall", NOW - 1, 0.5, 1)
FRESH = Situation("hall", (thing("bottle", RIGHT),), known_at=NOW, read_at=NOW)


async def test_where_things_are_needs_no_chat() -> None:
    house = Household(FRESH, captions=[SEEN])
    assert await house.ask("what's to my right?") == "On your right: a bottle."
    assert house.chat.prompts == []
    assert await Household(FRESH, chat=False).ask("where is the bottle?") == "A bottle on your right."


async def test_what_boxes_do_not_find_a_chat_may_know_with_their_places_in_its_note() -> None:
    house = Household(FRESH, captions=[SEEN])
    assert await house.ask("where is the shirt?") == "Chat."
    (prompt,) = house.chat.prompts
    assert prompt.boxes.endswith("A bottle on your right.")
    assert await house.ask("what do you see?") == "Chat.", "captions tell more than boxes"


async def test_where_nobody_knows_anything_it_cannot_be_told() -> None:
    assert await Household(UNSEEN).ask("where is the bottle?") == CANNOT
    assert await Household(UNSEEN, chat=False).ask("what do you see?") == CANNOT


@pytest.mark.parametrize("question", ["what colour is my shirt?", "can you see if the light is on", "what's ahead?"])
async def test_of_a_covered_camera_nothing_is_guessed(question: str) -> None:
    house = Household(Situation("hall", trouble="Something covers the lens."), captions=[SEEN])
    assert await house.ask(question) == f"{CANNOT} Something covers the lens."
    assert house.chat.prompts == []
    assert await house.ask("tell me a joke") == "Chat."


OLD = Caption("At least 1 person.", "hall", NOW - 40, 0.5, 1, Facts(people=1))


@pytest.mark.parametrize("question", ["what colour is my shirt?", "can you see if the light is on", "is the door open"])
def test_chats_by_rule_do_not_guess_without_evidence(question: str) -> None:
    guessing = Later(lambda: FakeChat(dict.fromkeys([question], "Yes. It is blue.")))
    for scene in ((), (OLD,)):
        prompt = Prompt("", (), scene, question, NOW, record=scene)
        answer = "".join(RulesFirst(Rules(), guessing).reply(prompt))
        assert "blue" not in answer
        assert "can't tell" in answer or not scene or "Yes" not in answer, answer
        assert not scene or "40 seconds ago" in answer, answer


def test_a_language_model_is_not_even_asked_where_nothing_was_seen() -> None:
    history = (Exchange("hello", "Hello."),)
    prompt = Prompt("", history, (), "which of these is the blue one", NOW)
    assert list(RulesFirst(Rules(), None).reply(prompt)) == [UNSURE]
