"""What is made of a model's answer about a keyframe, in whatever form it comes; never an error for a description."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.refusals import refuses
from pipelines.reportform import LONGEST_LABEL, LONGEST_TITLE, MOST_LABELS, Report, report

CUP = Report("Red cup", "A red cup stands on a table.", ("cup", "table"))
CHINESE = Report("红色杯子", "桌上有一个红色杯子。", ("杯子", "桌子"))
AS_JSON = {"title": "Red cup", "summary": "A red cup stands on a table.", "labels": ["cup", "Table", "cup"]}


@pytest.mark.parametrize(
    "answer",
    [
        json.dumps(AS_JSON),
        f"Sure! Here is the JSON you asked for:\n```json\n{json.dumps(AS_JSON, indent=2)}\n```",
        json.dumps(AS_JSON | {"unchanged": False}),
        json.dumps({"Title": "Red cup", "Description": "A red cup stands on a table.", "tags": "cup, table"}),
        "Title: Red cup\nSummary: A red cup stands on a table.\nLabels: cup, table",
        "**Title:** Red cup / **Summary:** A red cup stands on a table. / **Labels:** cup; table",
        '{"title": "Red cup", "summary": "A red cup stands on a table.", "labels": ["cup", "table", "lapt',
    ],
)
def test_title_summary_and_labels_are_found_in_any_form(answer: str) -> None:
    found = report(answer)
    assert found is not None
    assert (found.title, found.summary) == (CUP.title, CUP.summary)
    assert found.labels == CUP.labels


@pytest.mark.parametrize(
    "answer",
    [
        '{"title": "红色杯子", "summary": "桌上有一个红色杯子。", "labels": ["杯子", "桌子"]}',
        "标题：红色杯子\n摘要：桌上有一个红色杯子。\n标签：杯子、桌子",
        '好的，以下是结果：{"标题": "红色杯子", "描述": "桌上有一个红色杯子。", "标签": ["杯子", "桌子"]}',
    ],
)
def test_chinese_is_read_as_well(answer: str) -> None:
    assert report(answer) == CHINESE


def test_a_small_models_free_words_are_the_summary_and_their_first_clause_the_title() -> None:
    found = report("A red cup on a white table, next to a laptop.")
    assert found == Report("A red cup on a white table", "A red cup on a white table, next to a laptop.")
    long = report("A very long and winding description of something that never comes to its end for " + "ever " * 9)
    assert long is not None
    assert long.title == "A very long and winding description of something that…"
    chinese = report("桌上有一个红色杯子，旁边是电脑。")
    assert chinese is not None
    assert chinese.title == "桌上有一个红色杯子"


def test_an_answer_that_was_cut_off_loses_the_word_that_may_be_half() -> None:
    found = report('{"title": "Man at desk", "summary": "A man sits at a desk and rea')
    assert found == Report("Man at desk", "A man sits at a desk and…")


@pytest.mark.parametrize(
    "answer",
    [
        "unchanged", "Unchanged.", '"unchanged"', "**Unchanged**", "No change", "Nothing has changed.",
        "same as before", "The scene is unchanged.", '{"unchanged": true}',
        '```json\n{"unchanged": true}\n```', '{"unchanged": "yes"}',
        '{"unchanged": true, "title": "", "summary": "", "labels": []}', '{"summary": "unchanged"}',
        "不变", "没有变化。", "画面没有变化", "与之前相同", "无变化", '{"unchanged": true, "summary": "没有变化"}',
    ],
)  # fmt: skip
def test_unchanged_is_understood_however_it_is_said(answer: str) -> None:
    assert report(answer) == Report(unchanged=True)


@pytest.mark.parametrize(
    "answer",
    [
        "The wall is unchanged, but a cup stands there now.", "The man looks unchanged since the last picture.",
        "Two people exchange small change.", "画面变化很大，来了一个人。", "没有变化的背景前站着一个人。",
        '{"unchanged": false, "title": "A man", "summary": "A man came in."}',
    ],
)  # fmt: skip
def test_a_sentence_in_which_the_word_occurs_is_a_description(answer: str) -> None:
    found = report(answer)
    assert found is not None
    assert not found.unchanged
    assert found.summary


REFUSALS = [
    "I'm sorry, I cannot help with that.", "I’m sorry, but I can't identify people.", "Sorry, I can't do that.",
    "As an AI language model, I do not see images.", "Unfortunately, no image was provided.",
    "I cannot describe this picture.", "Please upload an image.",
    "抱歉，我无法描述这张图片。", "对不起，我不能这样做。",
    "作为一个人工智能，我看不到图片。", "我无法查看图片", "Error: model not found", "HTTP 503 Service Unavailable",
    "500 Internal Server Error", "Internal server error", "Traceback (most recent call last):", "ValueError: bad shape",
    "<html><body>502 Bad Gateway</body></html>", '{"error": {"message": "overloaded"}}', "Request timed out",
    "CUDA out of memory. Tried to allocate 2 GiB", "Connection refused", "Rate limit reached",
    "错误：请求超时", "请求失败", "Error 500: out of luck", "404 Not Found", "Access denied.", "Unauthorized: no key",
    "Timeout while waiting for the model", "Quota exceeded", "Sorry, I can't make out what the sign says.",
    "Sorry, we could not process the image.", "抱歉，我看不清牌子上写着什么。",
]  # fmt: skip


@pytest.mark.parametrize("answer", REFUSALS)
def test_a_refusal_or_the_text_of_an_error_is_no_description(answer: str) -> None:
    assert report(answer) is None
    assert report(f'  "{answer}"') is None
    assert report(json.dumps({"title": "Answer", "summary": answer, "labels": []}, ensure_ascii=False)) is None
    assert report(f"Title: Answer\nSummary: {answer}") is None


@pytest.mark.parametrize(
    "said",
    [
        "A sign reads “Error 404”.", "A man who seems to be sorry stands at the door.", "500 people in a hall.",
        "A red cup. I cannot tell what is in it.", "An error message is shown on a laptop's screen.",
        "Service van parked outside.", "一个人站在写着“禁止入内”的门前。", "Requests on a noticeboard.",
        "Access denied sign on a gate.", "Timeout clock on a scoreboard.", "Sorry, we are closed says a note.",
        "Unauthorized vehicles will be towed, says a sign.", "Error 404 on a monitor.", "Model closed her eyes.",
        "Sorry, no dogs, is written on a door.", "We are sorry for the delay, reads a display.",
        "404 Not Found page in a browser.", "Quota board in an office.", "对不起，今日休息，门上写着。",
    ],
)  # fmt: skip
def test_what_only_tells_of_such_things_is_a_description(said: str) -> None:
    found = report(said)
    assert found is not None
    assert found.summary == said


def test_the_form_itself_filled_in_with_nothing_is_no_description() -> None:
    assert report('{"title": "at most six words", "summary": "one sentence", "labels": ["thing", "thing"]}') is None
    assert report('{"title": "...", "summary": "", "labels": []}') is None
    assert [report(nothing) for nothing in ("", "  ", "...", "{", "[1, 2]", "{}", "```", "null")] == [None] * 8


JSONS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["title", "summary", "labels", "unchanged", "error", "标题"]), inner)
    ),
    max_leaves=12,
)
SHARDS = ["{", "[", '"', "title", "summary", ":", "：", "\n", "/", "**", "labels", "unchanged", "\\", "\ud800"]
SHARDS += ["\x1b[31m", "<|im_end|>", "不变", " ", "a" * 3000]
ENDLESS = ["[" * 9000, '{"title":' * 3000, "\n" * 20_000, "/" * 20_000, '"labels": [' * 2000, "title:" * 3000]
HOSTILE = st.one_of(
    st.text(),
    JSONS.map(json.dumps),
    st.tuples(JSONS, st.integers(0, 60)).map(lambda made: json.dumps(made[0])[: made[1]]),
    st.lists(st.sampled_from(SHARDS), max_size=60).map("".join),
)


@pytest.mark.parametrize("answer", ENDLESS)
def test_no_answer_takes_long_to_read(answer: str) -> None:
    began = time.process_time()
    report(answer)
    report(f'"Sorry{answer}')
    assert time.process_time() - began < 0.5


@given(HOSTILE)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_nothing_is_raised_and_what_is_told_is_short_and_plain(answer: str) -> None:
    found = report(answer, longest=200)
    if found is None:
        return
    assert found.unchanged or found.summary
    assert len(found.title) <= LONGEST_TITLE
    assert len(found.summary) <= 200
    assert len(found.labels) <= MOST_LABELS
    for text in (found.title, found.summary, *found.labels):
        assert text == text.strip()
        assert "\n" not in text
        assert "\x1b" not in text
        assert "<|" not in text
        assert not refuses(text)
    assert all(len(label) <= LONGEST_LABEL for label in found.labels)


@given(st.sampled_from(REFUSALS), st.sampled_from(['"', "'", "**", "> ", " ", "Assistant: ", "“"]), HOSTILE)
@settings(max_examples=150, deadline=None)
def test_no_dress_makes_a_refusal_a_description(refusal: str, before: str, after: str) -> None:
    found = report(f"{before}{refusal} {after}")
    assert found is None or not refuses(found.summary)
