"""Answers made with tools: what a chat that calls them is offered and told, and how far it may go; others by rule."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.backends import Prompt
from pipelines.toolbox import Ability, ToolsOptions
from pipelines.tools import Tool, ToolCall
from pipelines.types import Reminder, Reply, Trouble, TurnTrace
from tests.fakes import FakeCamera, FakeChat
from tests.lookers import ScriptedLooker
from tests.stage import Stage
from tests.test_looking import typed

Round = list[str | ToolCall]


@dataclass
class ToolFake:
    """A chat that calls tools: a list of rounds by question, the last of them for all that follow."""

    script: dict[str, list[Round]]
    calls_tools: bool = True
    prompts: list[Prompt] = field(default_factory=list)

    def reply(self, prompt: Prompt) -> Iterator[str | ToolCall]:
        self.prompts.append(prompt)
        rounds = self.script[prompt.question]
        taken = sum(one.question == prompt.question for one in self.prompts) - 1
        yield from rounds[min(taken, len(rounds) - 1)]

    def results(self) -> list[str]:
        return [step.result for step in self.prompts[-1].steps]


async def told(chat: Any, *lines: tuple[float, str], **stage: Any) -> Stage:
    given = {"cameras": [FakeCamera([7] * 100)], "chat": chat, "speaker": None} | stage
    played = Stage(asks=typed(*lines), asks_hold=True, **given)
    await played.run()
    return played


async def test_a_chat_calls_tools_and_is_asked_again_with_what_they_gave() -> None:
    looks: Round = ["Let me look", ToolCall("look", {"question": "Which book is it?"}, "c1")]
    chat = ToolFake({"guess the title": [looks, ["It is Emma. ", "By Jane Austen."]]})
    looker = ScriptedLooker("A copy of Emma.")
    stage = await told(chat, (1.0, "guess the title"), captioner=looker)
    assert stage.said() == ["Let me look It is Emma. By Jane Austen."]
    assert [step.call.id for step in chat.prompts[1].steps] == ["c1"]
    assert chat.results() == ["A copy of Emma."]
    assert looker.looked[0].question == "Which book is it?"
    (trace,) = stage.told(TurnTrace)
    assert trace.first_sentence_at == pytest.approx(trace.said_at)


async def test_it_is_offered_what_there_is() -> None:
    chat = ToolFake({"hello": [["Hi."]]})
    await told(chat, (1.0, "hello"), captioner=ScriptedLooker())
    names = [tool.name for tool in chat.prompts[0].tools]
    assert names == ["look", "recall", "read_text", "set_timer", "list_timers", "cancel_timer"]
    blind = ToolFake({"hello": [["Hi."]]})
    await told(blind, (1.0, "hello"))
    assert [tool.name for tool in blind.prompts[0].tools] == names[1:]
    unable = ToolFake({"hello": [["Hi."]]}, calls_tools=False)
    await told(unable, (1.0, "hello"))
    assert unable.prompts[0].tools == ()


async def test_it_looks_at_what_was_shown_some_seconds_before() -> None:
    looker = ScriptedLooker(lambda look: f"Shade {look.frame.pixels[0, 0, 0]}.")
    back: Round = [ToolCall("look", {"question": "Which shade is it?", "when": 3})]
    chat = ToolFake({"tell me the shade from then": [back, ["Done."]]})
    await told(chat, (5.0, "tell me the shade from then"), captioner=looker, cameras=[FakeCamera([1] * 30 + [9] * 40)])
    assert chat.results() == ["Shade 1."]


async def test_it_recalls_what_was_seen_and_reads() -> None:
    looker = ScriptedLooker(says=lambda shade: {1: "A red cup.", 9: 'A sign that says "EXIT".'}[shade])
    calls: Round = [
        ToolCall("recall", {"query": "cup"}),
        ToolCall("recall", {"query": "dog"}),
        ToolCall("read_text", {}),
    ]
    chat = ToolFake({"hello": [calls, ["Done."]]})
    await told(chat, (8.0, "hello"), captioner=looker, cameras=[FakeCamera([1] * 30 + [9] * 70)])
    assert chat.results() == ["8 seconds ago, camera desk: A red cup.", "Nothing of that kind was seen.", '"EXIT"']


async def test_it_sets_timers() -> None:
    chat = ToolFake({"wake me": [[ToolCall("set_timer", {"seconds": 5, "label": "get up"})], ["All right."]]})
    stage = await told(chat, (1.0, "wake me"))
    assert chat.results() == ["Okay, in 5 seconds: get up."]
    assert [reminder.text for reminder in stage.told(Reminder)] == ["It is time: get up."]


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (ToolCall("fly", {}), "Error: there is no tool 'fly'; there are recall, read_text"),
        (ToolCall("recall", {"query": 7}), "Error: query: 7 is not of type 'string'"),
        (ToolCall("set_timer", {}), "Error: 'seconds' is a required property"),
        (ToolCall("recall", {}, problem="the arguments are no JSON"), "Error: the arguments are no JSON"),
    ],
)
async def test_a_call_that_is_wrong_is_told_to_the_chat_which_goes_on(call: ToolCall, result: str) -> None:
    chat = ToolFake({"hello": [[call], ["Never mind."]]})
    stage = await told(chat, (1.0, "hello"))
    assert chat.results()[0].startswith(result)
    assert stage.said() == ["Never mind."]
    assert stage.told(Trouble) == []


async def test_a_chat_that_only_calls_is_cut() -> None:
    chat = ToolFake({"hello": [[ToolCall("list_timers", {})]]})
    stage = await told(chat, (1.0, "hello"), tools=ToolsOptions(rounds=3))
    assert len(chat.prompts) == 4
    assert [bool(prompt.tools) for prompt in chat.prompts] == [True, True, True, False]
    assert stage.said() == ["Sorry, I cannot answer just now."]
    (trouble,) = stage.told(Trouble)
    assert trouble.why == "it called tools again and again without an answer (3 calls): it was cut"


async def test_a_chat_that_calls_without_being_offered_anything_is_told_of() -> None:
    chat = ToolFake({"hello": [[ToolCall("list_timers", {})]]}, calls_tools=False)
    stage = await told(chat, (1.0, "hello"))
    (trouble,) = stage.told(Trouble)
    assert trouble.why == "it called a tool and was offered none: tools = true in [chat] offers them"


async def test_a_chat_makes_no_more_calls_than_it_may() -> None:
    many: Round = [ToolCall("list_timers", {})] * 6
    chat = ToolFake({"hello": [many, many, ["Done."]]})
    stage = await told(chat, (1.0, "hello"), tools=ToolsOptions(calls=8))
    assert [len(prompt.steps) for prompt in chat.prompts] == [0, 6, 12]
    assert [bool(prompt.tools) for prompt in chat.prompts] == [True, True, False]
    assert chat.results() == ["No timer is running."] * 8 + ["Error: not run: at most 8 calls."] * 4
    assert stage.said() == ["Done."]


async def test_a_chat_that_calls_without_end_in_one_breath_is_cut() -> None:
    @dataclass
    class Endless(ToolFake):
        def reply(self, prompt: Prompt) -> Iterator[str | ToolCall]:
            while True:
                yield ToolCall("list_timers", {})

    stage = await told(Endless({}), (1.0, "hello"))
    assert [trouble.why for trouble in stage.told(Trouble)] == ["it called more than 32 tools at once: it was cut"]


async def test_a_tool_that_hangs_ends_with_the_turn() -> None:
    ended: list[bool] = []

    async def wait(arguments: dict[str, Any], said_at: float) -> str:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append(True)
        return ""

    slow = Ability(Tool("slow", "", {"type": "object"}), wait)
    chat = ToolFake({"hello": [[ToolCall("slow", {})], ["Too late."]], "thanks": [["Bye."]]})
    stage = await told(chat, (1.0, "hello"), (2.0, "stop"), (2.1, "thanks"), brought=(slow,))
    assert ended == [True]
    assert [(reply.asked, reply.text) for reply in stage.told(Reply)] == [("hello", ""), ("thanks", "Bye.")]


async def test_a_chat_without_tools_is_given_what_memory_has_for_the_question() -> None:
    shades = [shade for number in range(1, 15) for shade in [number] * 5]
    looker = ScriptedLooker(says=lambda shade: "A red cup." if shade == 1 else f"An empty desk in light {shade}.")
    chat = FakeChat({"where did you last see my cup?": "There.", "hello": "Hi."})
    lines = ((7.0, "where did you last see my cup?"), (1.0, "hello"))
    await told(chat, *lines, captioner=looker, cameras=[FakeCamera(shades)])
    assert "A red cup." not in [caption.text for caption in chat.prompts[0].scene]
    (step,) = chat.prompts[0].steps
    assert step.result == "7 seconds ago, camera desk: A red cup."
    assert chat.prompts[1].steps == ()


async def test_a_chat_that_calls_tools_is_left_to_recall_and_to_set_timers_by_itself() -> None:
    chat = ToolFake({"set a timer for five minutes": [["I shall."]], "what just happened?": [["Nothing."]]})
    stage = await told(chat, (1.0, "set a timer for five minutes"), (1.0, "what just happened?"))
    assert stage.said() == ["I shall.", "Nothing."]
    assert all(prompt.steps == () for prompt in chat.prompts)
