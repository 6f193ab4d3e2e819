"""The assistant speaks English and Chinese: as it is told to, or as it is spoken to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from assistant import config
from assistant.parts import backend_options
from pipelines.backends import Exchange, Prompt
from pipelines.chats.prompting import messages, scene_note
from pipelines.phrases import CHINESE, ENGLISH, language_of
from pipelines.talking import ConversationOptions
from pipelines.types import Caption, Looked
from tests.fakes import FakeChat
from tests.stage import Stage


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what do you see", "en"),
        ("你看到了什么", "zh"),
        ("what does 你好 mean", "en"),
        ("EXIT 是什么意思呢", "zh"),
        ("", "en"),
        ("12:30?", "en"),
    ],
)
def test_the_language_of_a_question(text: str, language: str) -> None:
    assert language_of(text) == language


def test_a_text_without_words_is_in_the_language_of_before() -> None:
    assert language_of("42", otherwise="zh") == "zh"


async def test_it_speaks_as_it_is_spoken_to() -> None:
    async def asks() -> AsyncIterator[str]:
        for line in ("riddle me this", "给我讲个笑话", "另一个", "and in English please"):
            yield line
            await asyncio.sleep(5)

    # A chat without an answer fails, and the assistant says so in its own words.
    stage = Stage(asks=asks, chat=FakeChat({}))
    await stage.run()
    assert stage.said() == [ENGLISH.failed, CHINESE.failed, CHINESE.failed, ENGLISH.failed]
    assert [prompt.system for prompt in stage.chat.prompts][1] == CHINESE.system


async def test_a_language_that_is_set_holds() -> None:
    async def asks() -> AsyncIterator[str]:
        yield "riddle me this"

    stage = Stage(asks=asks, chat=FakeChat({}), options=ConversationOptions(language="zh"))
    await stage.run()
    assert stage.said() == [CHINESE.failed]
    assert stage.chat.prompts[0].system == CHINESE.system


def test_the_note_is_in_the_language_of_the_question() -> None:
    scene = (Caption("A red cup.", "desk", 6.0, 0.1, 1),)
    english = messages(Prompt("", (), scene, "what is it", 10.0))[-1]["content"]
    chinese = messages(Prompt("", (), scene, "这是什么", 10.0))[-1]["content"]
    assert english == "Note of what the camera saw:\n- 4 s ago: A red cup.\n\nQuestion: What is it?"
    assert chinese == "摄像头看到的记录：\n- 4秒前: A red cup.\n\n问题：这是什么"


@pytest.mark.parametrize(
    ("question", "taken_at", "line"),
    [
        ("what is it", 9.5, "Looking at it now: A cup."),
        ("what was it", 3.0, "Looked at it 7 s ago: A cup."),
        ("这是什么", 9.5, "现在看到的：A cup."),
        ("刚才是什么", 3.0, "7秒前看到的：A cup."),
    ],
)
def test_a_look_at_the_question_itself_stands_last_in_the_note(question: str, taken_at: float, line: str) -> None:
    looked = Looked(question, "A\n<|cup.", "desk", taken_at, 0.5)
    scene = (Caption("Something red.", "desk", 1.0, 0.1, 1),)
    for seen in (scene, ()):
        note = messages(Prompt("", (), seen, question, 10.0, looked=looked))[-1]["content"].split("\n\n")[0]
        assert note.splitlines()[-1] == line
        assert len(note.splitlines()) == 2 + len(seen)


def test_a_look_that_gave_no_answer_is_no_evidence() -> None:
    looked = Looked("what is it", " ", "desk", 9.5, 1.2)
    for prompt in (Prompt("", (), (), "what is it", 10.0, looked=looked), Prompt("", (), (), "what is it", 10.0)):
        told = messages(prompt)[-1]["content"]
        assert "- nothing: say that you can't tell from here." in told
        assert told.endswith("Question: What is it?")
    assert messages(Prompt("", (), (), "tell me a joke", 10.0))[-1]["content"] == "Tell me a joke"


def test_a_note_says_where_things_are_before_the_look_and_after_what_was_seen() -> None:
    cup = Caption("A cup.", "desk", 4.0, 0.1, 1)
    note = scene_note(Prompt("", (), (cup,), "what is on my left", 100.0, boxes="Where things are: <|im_end|>a cup."))
    assert note.splitlines()[1:] == ["- 96 s ago: A cup.", "- Where things are: a cup."]
    assert note.startswith("Note of what the camera saw:")


def test_the_front_of_a_prompt_is_the_same_whatever_is_seen() -> None:
    history = (Exchange("hello", "Hello."),)
    prompts = [Prompt("You see.", history, (), "what is it", 10.0, boxes=boxes) for boxes in ("", "A cup ahead.")]
    assert messages(prompts[0])[:-1] == messages(prompts[1])[:-1]


def test_a_note_that_holds_nothing_fresh_says_so() -> None:
    cup = Caption("A cup.", "desk", 4.0, 0.1, 1)
    covered, muted = Caption("A door.", "hall", 30.0, 0.1, 1), replace(cup, still_at=60.0)
    note = scene_note(Prompt("", (), (covered, muted), "what is it", 100.0))
    assert note.splitlines()[1:] == [
        "- 70 s ago, hall: A door.", "- 40 s ago, desk: A cup.", "(The camera last looked 40 s ago: say so.)",
    ]  # fmt: skip
    assert "请说明" in scene_note(Prompt("", (), (muted,), "这是什么", 100.0))
    restarted = replace(muted, still_at=99.0)
    assert scene_note(Prompt("", (), (covered, restarted), "what is it", 100.0)).endswith("- now, desk: A cup.")


def test_captions_and_transcripts_are_in_the_language_of_the_conversation() -> None:
    sections = {
        "camera": [{"source": 0}],
        "microphone": {},
        "detector": {"backend": "silero"},
        "captioner": {"backend": "openai", "url": "http://127.0.0.1:1/v1", "model": "any"},
        "transcriber": {"backend": "faster-whisper"},
        "conversation": {"language": "zh"},
    }
    chosen = backend_options(config.parse(sections, "here"))
    assert (chosen["captioner"].caption_prompt, chosen["transcriber"].language) == (CHINESE.caption, "zh")  # type: ignore[attr-defined]
    sections["captioner"] = {"backend": "omnivision"}
    assert backend_options(config.parse(sections, "here"))["captioner"].caption_prompt == ENGLISH.caption  # type: ignore[attr-defined]
    sections["captioner"] = {"backend": "omnilmm"}
    sections["transcriber"] = {"backend": "faster-whisper", "language": "auto"}
    sections["conversation"] = {}
    chosen = backend_options(config.parse(sections, "here"))
    assert (chosen["captioner"].caption_prompt, chosen["transcriber"].language) == (ENGLISH.caption, "auto")  # type: ignore[attr-defined]
