"""The words by which captions, questions and searches are compared, in English and Chinese."""

from __future__ import annotations

from pipelines.captionwords import NUMBERS

_NOTHING_TOLD = """
a about all along also am an and another any appear appears are around as at be been being big but by can clear
clearly close close-up closeup depict depicts depicting did do does each feature features featuring for from front
furthermore had has have he her here his i image in including into is it its just large like likely little looks main
me my near next now of on one or our out over overall part partially photo photograph picture possibly scene seem
seems she show showing shows side single slightly small so some something somewhat such that the their them there
these they thing things this those to too up view visible was we were what where which while who whose with within you
your wear use contain look
的 了 着 在 是 有 一 个 张 只 位 名 条 把 台 件 里 面 这 那 它 他 她 和 与 及 图 中 画 片 色 看 到 我 你 们
"""
_OF_QUESTIONS = """
ago already anything before came camera come could day else ever favorite favourite find first get go gone got
happen happened happening happens hour how know last lately leave left let long look lost may minute much new notice
noticed often old once own please previously put recently remember right saw second see seen should since spot
spotted still tell then time today until went when why will would yesterday yet
最 后 上 次 哪 儿 什 么 时 候 吗 呢 啊 过 见 放 去 多 久 几 点 刚 才 之 前 现 请 问 知 道 谁 来 进 没 不 还 找 丢 被 边
地 方 曾 经
"""
_VERBS = """
carry close contain cover cross cut drink drive eat face fill hang hold jump kneel lean lie look move open place play
point pour read rest ride run shine sit sleep smile stand talk type use walk wash watch wave wear work write
"""
_SYNONYMS = """
cup mug 杯子 水杯 茶杯
phone cellphone smartphone mobile telephone 手机 电话
couch sofa 沙发
television tv 电视
computer laptop notebook 电脑 笔记本
bicycle bike 自行车
table desk 桌子 书桌 桌
child kid 孩子 小孩
glasses eyeglasses spectacles 眼镜
carpet rug 地毯
key 钥匙
book 书本 书
dog puppy 狗
cat kitten 猫
bag 袋子 背包 包
wallet purse 钱包
chair 椅子
bottle 瓶子
pen 钢笔 笔
car 汽车 车
door 门
window 窗户
hat 帽子
box 盒子 箱子
bed 床
apple 苹果
banana 香蕉
flower 花
sit 坐
stand 站
hold 拿 握
man 男人 男子
woman 女人 女子
person human 人
left 左边 左侧 左
right 右边 右侧 右
"""
_COLOURS = """
red 红
orange 橙
yellow 黄
green 绿
blue 蓝
purple 紫
pink 粉
cyan 青
brown 棕
black 黑
white 白
grey gray 灰
beige
silver
gold
"""
_NEGATIONS = "no not none nobody nothing never without cannot 没有 没 无 不 空"
_SEVERAL = "several many multiple few"
_DIRECTIONS = "above behind below beneath beside inside left outside right under off"


def _grouped(lines: str) -> dict[str, str]:
    """From each word to the first one of its line."""
    return {word: line.split()[0] for line in lines.strip().splitlines() for word in line.split()}


NOTHING_TOLD = frozenset(_NOTHING_TOLD.split())
"""Words that say nothing of what is seen, and those for what captioners call large and small by turns."""
OF_QUESTIONS = frozenset(_OF_QUESTIONS.split())
"""Words by which one asks, and no things."""
SAME = _grouped(_SYNONYMS)
"""From a word to the first of its synonyms."""
IRREGULAR = {
    "sat": "sit", "stood": "stand", "held": "hold", "lay": "lie", "lying": "lie", "ran": "run", "wore": "wear",
    "men": "man", "women": "woman", "children": "child", "people": "person", "feet": "foot", "knives": "knife",
}  # fmt: skip
COLOURS = _grouped(_COLOURS)
MARKS = (
    COLOURS
    | dict.fromkeys(_NEGATIONS.split(), "no")
    | dict.fromkeys(_SEVERAL.split(), "several")
    | {word: str(number) for word, number in NUMBERS.items() if number > 1}
    | {word: str(number) for number, word in enumerate("二三四五六七八九十", 2)}
    | {"两": "2", "both": "2", "pair": "2"}
    | {word: word for word in _DIRECTIONS.split()}
)
"""From a colour, number, negation or direction to its one form."""
SOMEONE = frozenset({"someone", "somebody", "anyone", "anybody", "everyone", "visitor", "guest"})
PEOPLE = frozenset({"man", "woman", "child", "boy", "girl", "lady", "guy", "adult", "worker", "student", "player"})
CHINESE = tuple(sorted((word for word in (*SAME, *MARKS) if not word.isascii()), key=len, reverse=True))
"""The Chinese words known here, the longest first: the language writes no spaces between them."""


def _forms(verb: str) -> set[str]:
    stem = verb[:-1] if verb.endswith("e") else verb
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"}
    doubled = f"{stem}{stem[-1]}"
    return {verb, f"{verb}s", f"{verb}es", *(f"{root}{end}" for root in (stem, doubled) for end in ("ing", "ed"))}


VERB_FORMS = {form: verb for verb in _VERBS.split() for form in _forms(verb)}
"""From `sits` and `sitting` to `sit`."""
