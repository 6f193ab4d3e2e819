"""Memory: what is new is a change, what is the same only grows older evidence younger."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import gist
from pipelines.memory import Memory, MemoryOptions
from pipelines.types import Caption, Facts


def _caption(text: str, at: float, camera: str = "desk") -> Caption:
    return Caption(text, camera, at, 0.1, 1)


def test_the_same_thing_seen_again_is_no_change() -> None:
    memory = Memory()
    assert memory.add(_caption("a dog", 1.0))
    assert not memory.add(_caption("a dog", 9.0))
    (held,) = memory.scene()
    assert (held.captured_at, held.known_at) == (1.0, 9.0)


def test_what_was_found_unchanged_is_known_until_then() -> None:
    memory = Memory()
    memory.add(_caption("a dog", 1.0))
    memory.still("desk", 1.0, 30.0)
    memory.still("desk", 1.0, 20.0)
    assert memory.scene()[0].known_at == 30.0


def test_a_scene_that_waits_for_its_caption_makes_no_older_one_fresh() -> None:
    memory = Memory()
    memory.add(_caption("a dog", 1.0))
    memory.still("desk", 5.0, 6.5)  # a keyframe was taken at 5.0, and its caption has not come
    assert memory.scene()[0].known_at == 1.0


def test_only_the_last_change_of_a_camera_still_holds() -> None:
    memory = Memory()
    memory.add(_caption("a dog", 1.0))
    memory.add(_caption("a cat", 2.0))
    memory.still("desk", 2.0, 30.0)
    assert [(caption.text, caption.known_at) for caption in memory.scene()] == [("a dog", 1.0), ("a cat", 30.0)]


def test_a_quiet_camera_is_not_pushed_out_by_a_busy_one() -> None:
    memory = Memory(MemoryOptions(in_prompt=3))
    memory.add(_caption("the door is shut", 0.0, "door"))
    for number in range(10):
        memory.add(_caption(f"picture {number}", number + 1.0))
    assert [caption.text for caption in memory.scene()] == [
        "the door is shut", "picture 7", "picture 8", "picture 9"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A man sits at a desk with a laptop.", "A man is sitting at the table with his computer."),
        ("A man sits at a desk with a cup.", "The image shows a man sitting at a desk."),
        ("一个人坐在桌子旁。", "有一个人在桌子旁坐着。"),
    ],
)
def test_other_words_for_the_same_are_no_change(before: str, after: str) -> None:
    memory = Memory()
    memory.add(_caption(before, 1.0))
    assert not memory.add(_caption(after, 9.0))
    assert memory.scene()[0].known_at == 9.0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A man sits at a desk.", "A man sits at a desk with a cup."),
        ("A man holding a cup sits at a desk.", "A man holding a phone sits at a desk."),
        ("Two cups on a table.", "Three cups on a table."),
        ("A cup on a table.", "Cups on a table."),
        ("A red cup on a table.", "A blue cup on a table."),
        ("Two cups and a plate.", "A cup and two plates."),
        ("A man on a chair.", "No man on a chair."),
        ("A door that is open.", "A door that isn't open."),
        ("A cup on the left of the book.", "A cup on the right of the book."),
        ("A cat behind a dog.", "A dog behind a cat."),
        ('A sign that reads "EXIT".', 'A sign that reads "NO EXIT".'),
        ("A man, a woman, a dog and a cat in a room.", "A man in a room."),
        ("一个红色的杯子。", "一个蓝色的杯子。"),
        ("桌上有两个杯子。", "桌上有三个杯子。"),
        ("有人。", "没有人。"),
    ],
)
def test_what_is_new_is_a_change_however_alike_it_is_put(before: str, after: str) -> None:
    memory = Memory()
    memory.add(_caption(before, 1.0))
    assert memory.add(_caption(after, 2.0))


def test_what_comes_back_is_a_change_again() -> None:
    memory = Memory()
    seen = ["A man with a cup.", "A man with a phone.", "A man with a cup."]
    assert [memory.add(_caption(text, float(at))) for at, text in enumerate(seen)] == [True, True, True]


def test_facts_are_held_to_the_letter() -> None:
    memory = Memory()
    one, two = (Caption(text, "desk", 1.0, 0.1, 1, Facts(people=1)) for text in ("A man sits.", "A man is sitting."))
    assert memory.add(one)
    assert memory.add(two)


def test_every_change_is_told_once() -> None:
    told: list[Caption] = []
    memory = Memory(changed=told.append)
    for at, text in enumerate(["a dog", "a dog", "a cat"]):
        memory.add(_caption(text, float(at)))
    assert [caption.text for caption in told] == ["a dog", "a cat"]


def test_what_is_older_than_is_to_be_kept_is_forgotten_except_what_still_holds() -> None:
    memory = Memory(MemoryOptions(keep=1.0))
    memory.add(_caption("the door is shut", 0.0, "door"))
    memory.add(_caption("a dog", 10.0))
    memory.add(_caption("a cat", 4000.0))
    assert [caption.text for caption in memory.record()] == ["the door is shut", "a cat"]


def _full() -> Memory:
    memory = Memory()
    for at, text, camera in [
        (1.0, "A red cup on a desk.", "desk"),
        (2.0, "Two keys and a mug.", "desk"), (3.0, "A man, but no cup.", "hall"),
        (4.0, "一个蓝色的杯子。", "desk"), (5.0, "An empty desk.", "desk"),
    ]:  # fmt: skip
        memory.add(_caption(text, at, camera))
    return memory


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("where did you last see my cup?", [4.0, 2.0, 1.0]),
        ("red cups", [1.0]),
        ("key", [2.0]),
        ("我的杯子在哪", [4.0, 2.0, 1.0]),
        ("someone", [3.0]),
        ("a woman", []),
        ("zebra", []),
        ("what happened", [5.0, 4.0, 3.0, 2.0, 1.0]),
        ("", [5.0, 4.0, 3.0, 2.0, 1.0]),
    ],
)
def test_recall_finds_by_words_newest_first(query: str, found: list[float]) -> None:
    assert [caption.captured_at for caption in _full().recall(query)] == found


def test_recall_keeps_to_a_camera_and_to_a_time() -> None:
    memory = _full()
    assert [caption.captured_at for caption in memory.recall("cup", since=2.0)] == [4.0, 2.0]
    assert [caption.captured_at for caption in memory.recall(camera="hall")] == [3.0]
    memory.still("hall", 3.0, 60.0)
    assert [caption.captured_at for caption in memory.recall(since=50.0)] == [3.0]


def test_what_is_stated_is_recalled_and_what_is_gone_is_not() -> None:
    memory = Memory()
    facts = Facts(people=2, text=("EXIT",), labels=("dog",), changes=("the text “PULL” is gone",))
    memory.add(Caption("No words of it.", "desk", 1.0, 0.1, 1, facts))
    assert all(memory.recall(word) for word in ("exit", "dogs", "people"))
    assert not memory.recall("pull")


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["a cup", "a red cup", "two cups", "no cup", "a man sits", "一个杯子", "a dog", "dogs", ""]),
)
ADDED = st.lists(st.tuples(TEXTS, st.sampled_from(["desk", "hall", "door"]), st.floats(0, 30)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(added=ADDED, query=TEXTS)
def test_memory_is_bounded_ordered_and_recalls_nothing_that_was_not_added(
    added: list[tuple[str, str, float]], query: str
) -> None:
    memory, at, captions = Memory(MemoryOptions(changes=7, in_prompt=3)), 0.0, []
    for text, camera, later in added:
        at += later
        captions.append(_caption(text, at, camera))
        memory.add(captions[-1])
        memory.still(camera, at, at + later)
    cameras = {caption.camera for caption in captions}
    known = {(caption.text, caption.camera, caption.captured_at) for caption in captions}
    scene, record, found = memory.scene(), memory.record(), memory.recall(query)
    assert len(scene) <= 3 + len(cameras)
    assert len(record) <= 7 + len(cameras)
    assert {caption.camera for caption in scene} == {caption.camera for caption in record} == cameras
    for listed in (scene, record, found[::-1]):
        assert [one.captured_at for one in listed] == sorted(one.captured_at for one in listed)
        assert {(one.text, one.camera, one.captured_at) for one in listed} <= known


@settings(max_examples=60, deadline=None)
@given(one=st.text(), other=st.text())
def test_any_text_has_a_gist_and_is_the_same_as_itself(one: str, other: str) -> None:
    assert gist.same(one, one)
    assert not gist.same(one, other) or gist.gist(other).words <= gist.gist(one).words
    assert all(word in gist.synonyms(word) for word in gist.named(one))
