"""Wishes: every wording of one is known for what it is, and no ordinary question is taken for one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.manners import is_hush
from pipelines.watch_words import condition, label_of, name_of, text_of
from pipelines.wishes import KINDS, Wish, wish_of, wish_of_line

WISHES = {
    "repeat": """
        repeat | Repeat. | repeat that | Repeat that, please. | could you repeat that please | say that again | again
        | say it once more | Say again? | what did you say | What did you just say? | I didn't catch that
        | sorry, I did not hear you | pardon | Pardon me? | one more time | repeat the last sentence | please repeat
        | Hey assistant, repeat that | repeat what you said | come again
        | 再说一遍 | 请再说一次 | 重复一下 | 重复 | 你刚才说什么 | 刚才说了什么？ | 没听清 | 我没听清楚 | 再来一遍""",
    "before": """
        what did you say before? | What did you say before that | what did you say earlier | what have you said before
        | what did you tell me a moment ago | 你之前说了什么 | 之前说过什么？ | 那之前说了什么""",
    "back": """
        back | go back | previous | the previous one | the one before | before that | 上一句 | 后退 | 往回 | 上一条""",
    "forward": "forward | next | go forward | the next one | 下一句 | 前进 | 下一条",
    "spell": """
        spell | spell that | spell it | Spell that out, please | spell the last word | letter by letter
        | how do you spell that | how is it spelled | 拼一下 | 拼写 | 那个怎么写""",
    "more": """
        more | talk more | say more | describe more | a bit more | be more talkative | 多说一点 | 多说点 | 说多一点
        | 更详细一点""",
    "less": """
        less | talk less | say less | a little less | you talk too much | too much talking | be brief | not so much
        | don't talk so much | 少说一点 | 少说点 | 你说得太多了 | 话太多""",
    "faster": """
        faster | speak faster | talk a bit faster | Can you speak faster please | speed up | quicker | too slow
        | you are too slow | you speak too slowly | 快一点 | 说快点 | 说得太慢了 | 语速快一点 | 加快语速""",
    "slower": """
        slower | speak slower | slow down | Slow down a bit | more slowly | could you speak more slowly | too fast
        | you're talking too fast | not so fast | don't talk so fast | 慢一点 | 说慢一点 | 慢点说 | 太快了
        | 你说得太快了""",
    "louder": """
        louder | speak louder | speak up | a bit louder please | turn it up | volume up | turn up the volume
        | I can't hear you | 大声一点 | 声音大一点 | 声音太小了 | 我听不见 | 调高音量""",
    "softer": """
        softer | quieter | turn it down | volume down | speak more quietly | not so loud | too loud | lower your voice
        | 小声一点 | 声音小一点 | 声音太大了 | 太吵了 | 降低音量""",
    "pause": """
        pause | pause the narration | take a break | stop narrating | be quiet for now | 暂停 | 暂停一下 | 停止播报""",
    "resume": """
        resume | go on | continue | carry on | keep going | start narrating again | 继续 | 继续说 | 接着说
        | 恢复播报""",
    "stop": """
        stop | Stop! | stop talking | be quiet | quiet | stop now | be silent | stop reading | 停 | 别说了 | 安静
        | 停止说话""",
    "describe": """
        describe | describe the scene | describe the room please | describe what you see | look around
        | what is around me | What's there now? | can you describe everything | 描述一下 | 描述周围 | 周围有什么
        | 描述画面""",
    "read": """
        read | read that | read it to me | read the sign | read this aloud | please read the text | read everything
        | what does it say | what does the sign say | what's written there | read all the text
        | 读一下 | 读出来 | 念一下上面的字 | 上面写着什么 | 写了什么""",
    "left": """
        what's to my left? | what is on my left | what's on the left | anything on my left | left | and to the left
        | what is on the left side | 左边有什么 | 我左边有什么 | 左边呢""",
    "right": """
        what's to my right | what is on my right side | what's on the right | anything on my right | on the right
        | 右边有什么 | 我的右边是什么 | 右边呢""",
    "ahead": """
        what's ahead | what is ahead of me | what is in front of me | what's straight ahead | ahead
        | anything in front of me | 前面有什么 | 我前面有什么 | 前方有什么""",
    "aim": """
        help me aim | aim | help me aim the camera | guide me | where should I point the camera | 帮我对准
        | 对准镜头 | 引导我""",
    "unwatch": """
        stop watching | stop watching for a person | don't watch any more | unwatch | cancel the watch
        | no longer watch for a bottle | you can stop watching now | 不用再盯着了 | 停止留意 | 不要盯着了""",
    "watches": "what are you watching for? | what do you watch for | list my watches | 你在盯着什么 | 你在留意什么",
    "keys": """
        keys | which keys are there | what are the keys | list the keys | what can I press | 有哪些按键 | 按键说明""",
    "help": """
        help | help me | what can I say | how do I use this | the introduction again | 帮助 | 我可以说什么 | 怎么用""",
}
WITH = {
    "watch for a person": Wish("watch", "a person"),
    "Please watch out for a bottle.": Wish("watch", "a bottle"),
    "look out for cars": Wish("watch", "cars"),
    "keep an eye out for the bus": Wish("watch", "the bus"),
    "tell me when the door opens": Wish("watch", "the door opens"),
    "Tell me when someone comes in.": Wish("watch", "someone"),
    "let me know when a person appears": Wish("watch", "a person"),
    "warn me when a car comes closer": Wish("watch", "a car"),
    "tell me as soon as there is a bottle": Wish("watch", "a bottle"),
    "tell me if someone comes": Wish("watch", "someone"),
    "let me know when you see the word exit": Wish("watch", "the word exit"),
    "tell me when it says platform nine": Wish("watch", "platform nine"),
    "有人来的时候告诉我": Wish("watch", "人"),
    "看到瓶子就告诉我": Wish("watch", "瓶子"),
    "门开了的话提醒我": Wish("watch", "门开"),
    "留意一下公交车": Wish("watch", "公交车"),
    "where was the door?": Wish("where", "door"),
    "where is my bag": Wish("where", "bag"),
    "where are the keys": Wish("where", "keys"),
    "where did you see the bottle last": Wish("where", "bottle"),
    "where was the red cup last seen": Wish("where", "red cup"),
    "门在哪里": Wish("where", "门"),
    "门刚才在哪里": Wish("where", "门"),
    "我的钥匙在哪儿": Wish("where", "钥匙"),
    "don't tell me about text": Wish("topic", "text", on=False),
    "Stop talking about objects, please.": Wish("topic", "objects", on=False),
    "no more people": Wish("topic", "people", on=False),
    "don't mention the light any more": Wish("topic", "light", on=False),
    "ignore movement": Wish("topic", "motion", on=False),
    "talk about people again": Wish("topic", "people", on=True),
    "tell me about text again": Wish("topic", "text", on=True),
    "text on": Wish("topic", "text", on=True),
    "turn off motion": Wish("topic", "motion", on=False),
    "别再说文字了": Wish("topic", "text", on=False),
    "不要播报物体": Wish("topic", "objects", on=False),
    "继续说人": Wish("topic", "people", on=True),
    "privacy": Wish("privacy", on=True),
    "privacy on": Wish("privacy", on=True),
    "turn on privacy mode": Wish("privacy", on=True),
    "turn the camera and the microphone off": Wish("privacy", on=True),
    "privacy off": Wish("privacy", on=False),
    "end privacy": Wish("privacy", on=False),
    "打开隐私模式": Wish("privacy", on=True),
    "退出隐私模式": Wish("privacy", on=False),
    "stop watching for a bottle": Wish("unwatch", "a bottle"),
}
NONE = """
    what is more expensive? | what is more expensive, gold or silver | tell me more | tell me more about it
    | is it more than a metre | which one is faster | who is faster | is the train slower than the bus
    | what is the fastest animal | why is it louder today | what's left | what is left to do | how much time is left
    | is that right | right | am I right | what is right and wrong | what is the right answer | is anyone there
    | how many people do you see | what do you see | what can you see | what color is it | is it dark | is it bright
    | is the light on | turn off the lights | turn on the light | light on | lights off | what time is it
    | what day is it today | tell me a joke | tell me a story | who are you | what is your name | how are you
    | can you hear me | hello | good morning | thank you | yes | no | no thank you | is there a person on my left
    | what happened | what changed | did anything move | set a timer for ten minutes | remind me to buy milk
    | remind me when the tea is ready | cancel the timer | tell me when world war two ended?
    | tell me when you were born | tell me when is the next train | tell me when the last war was over in ten words
    | tell me about people | tell me about the text | talk about animals | what do people say about light
    | where is Paris | where am I | where are you from | where was Einstein born | where does the bus go
    | where can I buy bread | where is it | how do I get to the station | read my messages | read me a story
    | read the news of today | describe your last holiday to us | describe a camera | describe how a car works
    | stop the washing machine | stop the timer | pause the music | play some music | repeat after me
    | repeat the word banana three times | spell elephant | how do you spell Mississippi | next week is busy
    | what comes next | what did you have for breakfast | what did he say | what did you see before
    | what did you see | what did I miss | go back to the old version | I want to go back home
    | can you help him carry the boxes | help me with my homework | could you help me find my keys
    | increase the temperature | volume of a sphere | how loud is a jet | less is more | more or less
    | more coffee please | I have less money | not now | watch a film with me | I watch television
    | what are you | what is a watch | where is the nearest station to buy a ticket and when does it open
    | is it too fast | too much sugar is bad | what is privacy | what does privacy mean | what are keys
    | why is privacy important | which key opens the door | who is ahead in the race | what lies ahead for Europe
    | the man said stop it is enough | tell me when napoleon was born | tell me when ten minutes are over
    | let me know when it is five o'clock | say when an hour has passed
    | 什么更贵 | 你看到了什么 | 有几个人 | 现在几点 | 天气怎么样 | 左手怎么写字好看 | 讲个笑话 | 十分钟后提醒我
        | 五分钟后叫我
    | 你好 | 谢谢 | 灯开着吗 | 为什么天是蓝的 | 左派是什么意思 | 把灯关掉 | 关灯 | 巴黎在哪个国家 | 隐私是什么
    | 快餐店好吃吗 | 小声音怎么形成 | 你是谁 | 多少钱 | 这是什么 | 前面那个人是谁 | 哪个更快 | 设一个十分钟的计时器"""


def parted(text: str) -> list[str]:
    return [" ".join(one.split()) for one in text.split("|")]


ALL = [(text, Wish(kind)) for kind, texts in WISHES.items() for text in parted(texts)]  # type: ignore[arg-type]
ALL = [(text, wish) for text, wish in ALL if text not in WITH] + [*WITH.items()]


def test_there_are_as_many_as_are_worth_the_name() -> None:
    assert len(ALL) >= 250
    assert len(parted(NONE)) >= 120
    assert {wish.kind for _, wish in ALL} == {*KINDS}
    assert len({text for text, _ in ALL}) == len(ALL)


@pytest.mark.parametrize(("text", "wish"), ALL, ids=[text for text, _ in ALL])
def test_a_wish_is_known(text: str, wish: Wish) -> None:
    found = wish_of(text)
    assert found is not None
    if wish.kind == "unwatch" and not wish.what:
        found = Wish(found.kind)
    assert found == wish or (wish.kind == "stop" and is_hush(text))


@pytest.mark.parametrize("text", parted(NONE))
def test_a_question_is_none(text: str) -> None:
    assert wish_of(text) is None


def test_marks_and_capitals_make_no_difference() -> None:
    for text, wish in ALL:
        if wish.kind not in ("watch", "where", "unwatch") and text.isascii():
            assert wish_of(f"{text.upper()}!") == wish_of(text), text


def test_what_the_chat_is_asked_in_all_the_tests_is_still_asked_of_the_chat() -> None:
    """But for reading, describing and the sides, which are answered from what was found, where that can be."""
    pairs = json.loads((Path(__file__).parent / "data" / "questions.json").read_text("utf-8"))["pairs"]
    taken = {pair["question"]: found.kind for pair in pairs if (found := wish_of(pair["question"]))}
    seen = ("read", "describe", "left", "right", "ahead", "where")
    assert {text: kind for text, kind in taken.items() if kind not in (*seen, "repeat", "help", "stop")} == {}


@pytest.mark.parametrize("text", ["", " ", "?!", "。", "repeat " * 100, "a" * 10_000, "watch for", "tell me when"])
def test_what_says_nothing_wishes_nothing(text: str) -> None:
    assert wish_of(text) is None


@pytest.mark.parametrize(
    ("line", "wish"),
    [
        ("repeat", Wish("repeat")),
        ("said", Wish("before")),
        ("watch a bottle", Wish("watch", "a bottle")),
        ("watch someone comes in", Wish("watch", "someone")),
        ("where red cup", Wish("where", "red cup")),
        ("topic people off", Wish("topic", "people", on=False)),
        ("topic text", Wish("topic", "text")),
        ("privacy", Wish("privacy")),
        ("privacy off", Wish("privacy", on=False)),
        ("unwatch", Wish("unwatch")),
        ("watching", Wish("watches")),
        ("mode", None),
    ],
)
def test_slash_lines_are_the_same_wishes(line: str, wish: Wish | None) -> None:
    name, _, words = line.partition(" ")
    assert wish_of_line(name, words) == wish


@pytest.mark.parametrize(
    "line", ["watch", "where", "topic", "topic noise", "topic people maybe", "repeat it", "privacy x"]
)
def test_a_slash_line_that_is_wrong_says_what_it_takes(line: str) -> None:
    name, _, words = line.partition(" ")
    with pytest.raises(ValueError, match="/"):
        wish_of_line(name, words)


LABELS = frozenset({"person", "bottle", "dining table", "tv"})


@pytest.mark.parametrize(
    ("words", "label", "text"),
    [
        ("a person", "person", ""),
        ("someone comes in", "person", ""),
        ("people", "person", ""),
        ("人", "person", ""),
        ("瓶子出现", "bottle", ""),
        ("there is a bottle", "bottle", ""),
        ("bottles", "bottle", ""),
        ("the door opens", "", ""),
        ("a red bottle", "", ""),
        ("the bottle is gone", "", ""),
        ("the word exit", "", "exit"),
        ("the text no entry", "", "no entry"),
        ('"Gate 9"', "", "Gate 9"),
    ],
)
def test_a_condition_is_a_thing_or_a_text_or_neither(words: str, label: str, text: str) -> None:
    what = condition(words)
    assert (label_of(what, LABELS), text_of(what)) == (label, text)


def test_a_few_words_may_stand_on_something_and_a_sentence_may_not() -> None:
    assert name_of("platform nine") == "platform nine"
    assert name_of("the exit") == "exit"
    assert name_of("the door opens") == ""


@pytest.mark.parametrize("line", ["a bottle", "for a bottle", "out for a bottle", "for bottle"])
def test_a_line_may_say_what_to_watch_for_as_one_would(line: str) -> None:
    assert wish_of_line("watch", line) == Wish("watch", line.removeprefix("out ").removeprefix("for "))
