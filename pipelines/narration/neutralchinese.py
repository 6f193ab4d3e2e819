"""The same in Chinese: captions without identity, age, kind or mood, and without places that no box bears out."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipelines.gist import synonyms
from pipelines.narration.places import third
from pipelines.narration.situation import Situation

_ONE = (
    r"(?:(?:青年|老年|中年|成年|年轻|未成年)?(?:男士|女士|男性|女性|男子|女子|男人|女人|男孩子?|女孩子?|男生"
    r"|女生|男童|女童"
    r"|先生|小姐|姑娘|小伙子?|老人家?|老奶奶|老爷爷|老太太|老头|奶奶|爷爷|妈妈|爸爸|母亲|父亲|孩童|儿童"
    r"|小孩子?|小朋友|孩子|婴儿"
    r"|宝宝|幼儿|青少年|少年|少女|青年|年轻人|中年人|老年人|成年人|成人|大人|妇女|妇人|大叔|阿姨|帅哥|美女|男|女))"
)
_MEASURE = r"(?:个|名|位|对|群)"
_MOOD = (
    r"(?:开心|高兴|快乐|愉快|悲伤|难过|伤心|生气|愤怒|兴奋|平静|放松|严肃|惊讶|担心|无聊|幸福|满足|疲惫|疲倦"
    r"|紧张|焦虑|害怕|困惑"
    r"|自信|友好|专注|沮丧|忧郁|悠闲|温柔|和蔼|慈祥)"
)
_SMILE = r"(?:微笑|大笑|傻笑|笑容满面|笑容|笑|哭泣|皱眉|哭)"
_ADJECTIVE = (
    rf"(?:小(?!区|心)|年轻|年迈|年老|年长|老年|中年|青年|成年|美丽|漂亮|英俊|帅气|可爱|白发苍苍|留着胡子"
    rf"|{_MOOD}|面带{_SMILE}|{_SMILE}着?"
    r"|亚洲|非洲|欧洲|欧美|西方|东方|黑人|白人|黑皮肤|白皮肤|[一二三四五六七八九十\d]+多?岁(?:左右)?|中国"
    r"|日本|韩国|印度|美国)"
)
_SIDE = r"(?:左|右|前|后|中|旁|上|下|里|外|对)"
_POS = (
    rf"(?:{_SIDE}(?:边|侧|方|面|半边|半部分|手边|上角|下角)|(?:左|右)(?:上|下)(?:方|角)|中间|中央|中心|旁"
    rf"|身边|身旁|身后|身前"
    r"|面前|背后|附近|近处|远处|之间|前景(?:中|里)?|背景(?:中|里|处|上)?|角落(?:里|处)?|不远处|周围|四周|顶部"
    r"|底部|[前后旁下](?=$|[，。；]))"
)
_CLOCK = r"(?:\d{1,2}|[一二三四五六七八九十两]+)点钟?(?:方向|方位|位置)"
_PICTURE = r"(?:画面|图片|图像|照片|图|镜头|屏幕|视频|场景)(?:中|里|上|内)?的?"
_BANNED = re.compile(
    rf"{_ONE}|{_MOOD}|{_SMILE}|(?:左|右)(?!右)|{_POS}|{_CLOCK}|他|她|岁|妻子|丈夫|儿子|女儿|夫妇|夫妻|情侣"
)
_KIN = r"(?:妻子|丈夫|儿子|女儿|哥哥|弟弟|姐姐|妹妹|朋友|孩子|母亲|父亲|妈妈|爸爸)"

_MAY = r"(?:可以|能够|能|可)"
_CLEARLY = r"(?:清楚地|清晰地|明显地)?"

_RULES = [
    (r"^(?:这|该)?是?一?(?:张|幅)(?:照片|图片|图像|画面)[，,]", ""),
    (
        rf"^(?:这|该|本)?(?:是)?(?:一)?(?:张|幅|个|段)?(?:的)?{_PICTURE}?(?:中|里|上)?(?:显示|展示|描绘|呈现"
        rf"|拍摄)(?:了|着|的是)?",
        "",
    ),
    (rf"^(?:这|该|在)?(?:张|幅|个)?{_PICTURE}[，,]?(?:可以|能)?(?:看到|看见)?(?=.)", ""),
    (r"^(?:可以|能|我们)+(?:看到|看见)", ""),
    (r"^这(?:里)?是(?=[一两二三四五六七八九十])", ""),
    (r"(?:清晰|清楚|隐约|依稀|明显)?可见(?=$|[，；])", ""),
    (rf"(?:还|也)?{_MAY}{_CLEARLY}(?:看到|看见|见到|看出|发现|见)(?:的?是|有|到)?", "有"),
    (rf"被{_CLEARLY}(?:看到|看见|发现|拍到|展示)", ""),
    (r"出现在", "在"),
    (r"(?:名叫|叫做|名为)[^，。的]{1,6}的?", ""),
    (
        r"一(?:名|位|个)?男(?:子|人|孩|士|性)?[和、与]?一(?:名|位|个)?女(?:子|人|孩|士|性)?|一(?:名|位"
        r"|个)?女(?:子|人|孩|士|性)?[和、与]?一(?:名|位|个)?男(?:子|人|孩|士|性)?",
        "两个人",
    ),
    (
        rf"一(?:名|位|个)(?:{_ADJECTIVE}的?)*{_ONE}[和与带着抱]+(?:一(?:名|位|个))?(?:他的"
        rf"|她的)?(?:{_ADJECTIVE}的?)*(?:{_ONE}|{_KIN})",
        "两个人",
    ),
    (r"一对(?:年轻|年老|老)?的?(?:夫妇|夫妻|情侣|恋人|母子|母女|父子|父女)", "两个人"),
    (r"(?:这对)?(?:夫妇|夫妻|情侣|恋人)", "两个人"),
    (r"一家([一二三四五六七八九十两])口", r"\1个人"),
    (rf"(?:他|她)们?的{_KIN}", "另一个人"),
    (
        rf"[，,]?(?:看起来|看上去|似乎|显得|好像|表情|神情|心情|情绪|气氛|氛围)[^，。；]*(?:{_MOOD}|{_SMILE}"
        rf"|岁)[^，。；]*",
        "",
    ),
    (r"[，,]?(?:整体|整个)?(?:画面|场景)?(?:给人|营造|气氛|氛围)[^，。；]*", ""),
    (rf"(?:脸上|面)(?:带着?|露出|挂着)(?:了)?[^，。；]{{0,4}}?{_SMILE}(?:的表情)?(?:地|着)?", ""),
    (rf"(?:正在|正)?(?:{_MOOD}|{_SMILE})(?:地|着)(?:看着镜头|面对镜头)?", ""),
    (rf"(?:正在|一起|都)*{_SMILE}(?=$|[，。；])", ""),
    (rf"(?:{_ADJECTIVE}的?、?)+(?={_MEASURE}?(?:{_ADJECTIVE})?{_ONE}|人)", ""),
    (rf"(?:穿着?[^，。]{{1,8}}的)?(?:{_ADJECTIVE})的(?={_ONE})", ""),
    (rf"(?:黑人|白人|亚裔|华裔|非裔)?{_ONE}们", "人们"),
    (rf"(?<=一)群{_ONE}", "群人"),
    (rf"(?:黑人|白人|亚裔|华裔|非裔){_ONE}?|{_ONE}", "人"),
    (r"人人", "人"),
    (r"([一二两三四五六七八九十几\d])(?:名|位|对)(?=[^，。]{0,10}人)", r"\1个"),
    (r"(?:他|她)的", ""),
    (r"(?:他|她)们", "这些人"),
    (r"(?:他|她)", "这个人"),
]
RULES = [(re.compile(pattern), instead) for pattern, instead in _RULES]
_AT = rf"(?:{_PICTURE}|[^，。；在有是站坐躺]{{0,6}}?)"
_PLACES: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    (rf"(?:站|坐|躺|蹲|靠|停|放|挂|摆|走|趴|立)(?:着)?在{_AT}的?(?:{_POS}|{_CLOCK})", lambda found: f"{found[0][0]}着"),
    (rf"(?:^|(?<=[，。；]))在?{_AT}的?(?:{_POS}|{_CLOCK})的?(?:还|也|则)?(?:是|有)", "有"),
    (rf"在{_AT}的?(?:{_POS}|{_CLOCK})", ""),
    (rf"(?:位于|处于){_AT}的?(?:{_POS}|{_CLOCK})", ""),
    (rf"(?:{_PICTURE})?(?:{_POS}|{_CLOCK})的?", ""),
    (r"(?<=举起|拿着|抬起)(?:左|右)(?=手|臂)|(?:左|右)(?=手|臂|腿|脚|肩|眼|耳)", ""),
]
PLACES: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(pattern), instead) for pattern, instead in _PLACES
]
_CLAUSE = re.compile(r"[，,；;]")
_END = re.compile(r"[。！？!?]+")
_BARE = re.compile(
    r"^(?:还|也|则)?((?:[一二两三四五六七八九十几\d多]+|许多"
    r"|一些)[个只张把本台辆条件杯瓶群座棵盏部支][^，。；]{1,10}?)(?:在|是)?$"
)


def in_chinese(text: str, situation: Situation | None) -> str:
    """Whole sentences, or nothing."""
    sentences = [_sentence(sentence.strip(), situation) for sentence in _END.split(text)]
    return "".join(f"{sentence}。" for sentence in sentences if sentence)


def _sentence(sentence: str, situation: Situation | None) -> str:
    for pattern, instead in RULES:
        sentence = pattern.sub(instead, sentence)
    told: list[str] = []
    for clause in _CLAUSE.split(sentence):
        fit = _clause(clause.strip(), situation)
        if fit and not any(fit.removeprefix("有") in one for one in told):
            told.append(fit)
    return "，".join(told)


def _clause(clause: str, situation: Situation | None) -> str:
    if _borne_out(clause, situation):
        return clause
    plain = clause
    for pattern, instead in PLACES:
        plain = pattern.sub(instead, plain)
    plain = plain if plain == clause else plain.strip("的在、")
    plain = re.sub(r"^(?:和|与|以及|并且?|还)(?=有)", "", plain)
    if _BANNED.search(plain) or re.fullmatch(r"(?:这个人|这些人|有|是|着|人|正在|还|也|显得)*", plain):
        return ""
    bare = _BARE.match(plain) or (plain != clause and re.fullmatch(r"([^有着正在是，]{1,5})", plain))
    return f"有{bare[1]}" if bare and not plain.startswith("有") else plain


def _borne_out(clause: str, situation: Situation | None) -> bool:
    """Whether it tells a thing's side, and a box of that thing is there."""
    sides = [side for letter, side in (("左", 0), ("右", 2), ("中间", 1)) if letter in clause]
    plain = re.search(rf"{_ONE}|{_MOOD}|后|前|旁|上|下|远|近|附近|背景|点钟", clause)
    if situation is None or len(sides) != 1 or plain:
        return False
    boxes = [one.box for one in situation.things if any(name in clause for name in synonyms(one.label))]
    return bool(boxes) and any(third(box, "side") == sides[0] for box in boxes)
