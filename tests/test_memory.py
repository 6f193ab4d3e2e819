"""Memory: what is new is a change, what is the same only grows older evidence younger."""

from pipelines.memory import Memory, MemoryOptions
from pipelines.types import Caption


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
