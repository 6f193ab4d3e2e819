"""Names of the things that object detectors know, as they are said: singular, plural, and in Chinese."""

from __future__ import annotations

from pipelines.phrases import Language
from pipelines.spots import PERSON

_CHINESE = """
person 个 人
bicycle 辆 自行车
car 辆 汽车
motorbike 辆 摩托车
aeroplane 架 飞机
airplane 架 飞机
bus 辆 公交车
train 列 火车
truck 辆 卡车
boat 艘 船
traffic light 个 红绿灯
fire hydrant 个 消防栓
stop sign 个 停车标志
parking meter 个 停车计时器
bench 张 长椅
bird 只 鸟
cat 只 猫
dog 只 狗
horse 匹 马
sheep 只 羊
cow 头 牛
elephant 头 大象
bear 头 熊
zebra 匹 斑马
giraffe 头 长颈鹿
backpack 个 背包
umbrella 把 雨伞
handbag 个 手提包
tie 条 领带
suitcase 个 行李箱
frisbee 个 飞盘
skis 副 滑雪板
snowboard 块 单板滑雪板
sports ball 个 球
kite 只 风筝
baseball bat 根 棒球棒
baseball glove 只 棒球手套
skateboard 块 滑板
surfboard 块 冲浪板
tennis racket 支 网球拍
bottle 个 瓶子
wine glass 个 酒杯
cup 个 杯子
fork 把 叉子
knife 把 刀
spoon 把 勺子
bowl 个 碗
banana 根 香蕉
apple 个 苹果
sandwich 个 三明治
orange 个 橙子
broccoli 棵 西兰花
carrot 根 胡萝卜
hot dog 个 热狗
pizza 个 披萨
donut 个 甜甜圈
cake 个 蛋糕
chair 把 椅子
sofa 张 沙发
couch 张 沙发
potted plant 盆 盆栽
bed 张 床
table 张 桌子
toilet 个 马桶
TV 台 电视
laptop 台 笔记本电脑
mouse 个 鼠标
remote control 个 遥控器
keyboard 个 键盘
mobile phone 部 手机
microwave 台 微波炉
oven 台 烤箱
toaster 台 烤面包机
sink 个 水槽
refrigerator 台 冰箱
book 本 书
clock 个 钟
vase 个 花瓶
pair of scissors 把 剪刀
teddy bear 个 玩具熊
hair dryer 个 吹风机
toothbrush 支 牙刷
"""
PARTED = {
    "diningtable": "dining table",
    "pottedplant": "potted plant",
    "tvmonitor": "tv",
    "cellphone": "cell phone",
    "motorcycle": "motorbike",
}
"""From names of widely used lists that are no words, or another word for the same, to the one name of a thing."""
_SPOKEN = {
    "dining table": "table",
    "tv": "TV",
    "cell phone": "mobile phone",
    "hair drier": "hair dryer",
    "remote": "remote control",
    "scissors": "pair of scissors",
}
"""From what detectors call a thing to what people do, where that is another word."""
_PLURALS = {
    PERSON: "people",
    "knife": "knives",
    "sheep": "sheep",
    "skis": "skis",
    "mouse": "mice",
    "broccoli": "heads of broccoli",
    "pair of scissors": "pairs of scissors",
}


def _parted(line: str) -> tuple[str, tuple[str, str]]:
    name, measure, chinese = line.rsplit(" ", 2)
    return name, (measure, chinese)


_IN_CHINESE = dict(_parted(line) for line in _CHINESE.strip().splitlines())


def _name(label: str) -> str:
    name = PARTED.get(label, label)
    return _SPOKEN.get(name, name)


def spoken(label: str, language: Language) -> str:
    """The name by itself: `potted plant`, `盆栽`; a name that is not known here stays as it is."""
    name = _name(label)
    return name if language == "en" else _IN_CHINESE.get(name, ("个", name))[1]


def counted(label: str, count: int, language: Language) -> str:
    """`a bottle`, `2 bottles`, `一个瓶子`, `2个瓶子`."""
    name = _name(label)
    if language == "zh":
        measure, chinese = _IN_CHINESE.get(name, ("个", name))
        return f"{'一' if count == 1 else '两' if count == 2 else count}{measure}{chinese}"
    if count != 1:
        return f"{count} {plural(name)}"
    return name if name == "skis" else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def measure(label: str) -> str:
    """The Chinese word by which it is counted."""
    return _IN_CHINESE.get(_name(label), ("个", ""))[0]


def plural(name: str) -> str:
    """Of an English name."""
    if name in _PLURALS:
        return _PLURALS[name]
    if name.endswith(("s", "x", "ch", "sh")):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2] not in "aeiou" else f"{name}s"
