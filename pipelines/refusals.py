"""Answers that are none: a model that refuses, and the text of an error in place of a description."""

from __future__ import annotations

import re

LOOKED_AT = 200
"""Characters from the beginning in which it shows."""

_I = r"(?:i|we)"
_REFUSALS = (
    rf"{_I} ?(?:['’]m|['’]re|am|are) (?:very |so |really |terribly |deeply )?"
    r"(?:sorry|afraid|unable|not able|not sure|only an?\b|just an?\b|an? (?:ai|artificial|language|text))",
    rf"{_I} (?:can ?not|can['’]?t|could not|couldn['’]?t|won['’]?t|will not|was unable|would need|apologi[sz]e)",
    rf"{_I} need (?:more|an?|the)\b",
    rf"{_I} (?:do|did)(?: not|n['’]?t) (?:have|know|understand|see (?:an?|any|the) (?:image|picture|photo))",
    r"(?:my |our |please accept my )?apologies",
    r"(?:oops|whoops)\b",
    r"sorry\b[\s,.!:;—-]*(?:$|(?:but|i|we|there|this|that|the|no|an?|could|can|something|about)\b)",
    r"as an? (?:ai|artificial|large|language|text|assistant)\b",
    r"unfortunately\b",
    r"(?:please |could you |can you )+(?:re-?)?(?:upload|provide|share|attach|send)\b",
    r"(?:there (?:is|was) )?no (?:image|picture|photo)s? (?:was |is |has been )?"
    r"(?:provided|attached|uploaded|given|found|available|received)",
    r"(?:非常|十分|很|真的|真)?(?:抱歉|对不起|不好意思|遗憾)",
    r"(?:我|我们|本人)?(?:无法|不能|没办法|没有办法|拒绝)(?!进入|通行)",
    r"我(?:看不到|没有看到|没看到|没有收到)(?:任何)?(?:图|照片|画面)",
    r"作为(?:一个|一名|一款)?(?:ai|人工智能|大?语言模型|智能助手|虚拟助手)",
    r"请(?:您|先)?(?:上传|提供|发送)",
)
_ERRORS = (
    r"(?:an? |internal |unexpected |server |unknown |fatal |runtime |value |api )*(?:error|exception)\b\s*"
    r"(?:$|[:：(\[\d]|(?:has |was )?(?:occurred|encountered|raised|thrown)|code|while\b|during\b)",
    r"\w+(?:error|exception)\b\s*(?:$|[:：(])",
    r"['\"]?error['\"]?\s*[:=：]",
    r"http(?:/[\d.]+)? ?(?:error |status |code )*:? ?[1-5]\d\d\b",
    r"(?:status )?[1345]\d\d:? (?:bad|not|internal|too|unauthori[sz]ed|forbidden|service|gateway|server|client|error)",
    r"traceback\b",
    r"<(?:!doctype|html|\?xml|head|body)",
    r"(?:connection|request|server|model|inference) (?:was |has |is )*"
    r"(?:refused|error|reset|aborted|closed|failed|timed ?out|timeout|overloaded|unavailable|not found)",
    r"(?:bad gateway|service unavailable|too many requests|gateway time|rate limit|quota|access denied|unauthori[sz]ed"
    r"|(?:cuda )?out of memory|not implemented|content[ _](?:filter|policy))\b",
    r"(?:read |connect |connection )?(?:timed ?out|timeout)\b",
    r"(?:发生|出现|内部|服务器|系统|网络|请求|连接|未知)*(?:错误|异常|超时)(?:\s*[:：!！。]|$)",
    r"(?:请求|连接|调用|处理|识别)失败",
)
_REFUSED = re.compile("|".join(_REFUSALS + _ERRORS), re.IGNORECASE)
_BEFORE = re.compile(r"^[\s\"'`*_#>“”‘’{\[(-]+|^(?:assistant|answer|response|回答|助手)\s*[:：]\s*", re.IGNORECASE)


def refuses(text: str) -> bool:
    """Whether a text begins as a refusal or an error does, whatever quotation marks stand before it."""
    head = text[:LOOKED_AT]
    while (bare := _BEFORE.sub("", head)) != head:
        head = bare
    return _REFUSED.match(re.sub(r"\s+", " ", head)) is not None
