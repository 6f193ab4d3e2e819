"""What a caption says can be seen is told as being there."""

from __future__ import annotations

import pytest

from pipelines.narration.neutral import neutral

ENGLISH = [
    ("An empty room can be seen.", "There is an empty room."),
    ("A room can be seen with two people.", "A room with two people."),
    ("A man can be seen walking down the street.", "A person is walking down the street."),
    ("Two dogs can clearly be seen in the garden.", "Two dogs are in the garden."),
    ("On the left can be seen a red car.", "There is a red car."),
    ("In the background, a bookshelf can be seen.", "There is a bookshelf."),
    ("A cup is seen on the table.", "A cup is on the table."),
    ("A dog is shown running on the grass.", "A dog is running on the grass."),
    ("A kitchen is depicted with a stove and a sink.", "A kitchen with a stove and a sink."),
    ("There can be seen a tall tree.", "A tall tree."),
    ("There is a man seen from behind.", "There is a person."),
    ("Visible in the image is a red bicycle.", "A red bicycle."),
    ("Pictured here is a brown dog on a lawn.", "A brown dog on a lawn."),
    ("Here we see a dog.", "A dog."),
    ("A mirror, a sink and a towel can all be seen.", "A mirror, a sink and a towel."),
    ("Trees can be seen through the window.", "Trees are visible through the window."),
    ("Nothing can be seen but a wall.", "Nothing is visible but a wall."),
    ("The scene is set in an office with desks.", "An office with desks."),
    ("This is an empty indoor scene.", "An empty indoor scene."),
    ("Cars are visible parked along the road.", "Cars are parked along the road."),
    ("The clock shows 3 o'clock.", "The clock shows 3 o'clock."),
]
CHINESE = [
    ("房间里可以看到一个人。", "房间里有一个人。"),
    ("左边可以看见一辆红色的汽车。", "有一辆红色的汽车。"),
    ("可见一张桌子和两把椅子。", "有一张桌子和两把椅子。"),
    ("一位男士被看到正在走路。", "有一个人正在走路。"),
    ("背景中可以看到书架。", "有书架。"),
    ("一棵树清晰可见。", "有一棵树。"),
]


@pytest.mark.parametrize(("caption", "told"), ENGLISH)
def test_what_can_be_seen_is_there(caption: str, told: str) -> None:
    assert neutral(caption, "en") == told


@pytest.mark.parametrize(("caption", "told"), CHINESE)
def test_in_chinese_too(caption: str, told: str) -> None:
    assert neutral(caption, "zh") == told
