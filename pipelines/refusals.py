"""Answers that are none: a model that refuses, and the text of an error in place of a description."""

from __future__ import annotations

import re

LOOKED_AT = 200
"""Characters from the beginning in which it shows."""

_I = r"(?:i|we)"
_END = (
    r"\s*(?:$|[.,:;!()\[\]<>\"'”’—–-]|(?:for|to|by|while|during|because|due|after|with|waiting|exceeded|reached|error"
    r"|occurred|expired)\b)"
)
"""How an error goes on, and the name of a thing that such words stand on does not: no `Access denied sign`."""
_STATUS = (
    r"(?:bad (?:request|gateway)|not found|internal server error|too many requests|unauthori[sz]ed|forbidden"
    r"|service unavailable|gateway time-?out|(?:server|client) error)"
)
_REFUSALS = (
    rf"{_I} ?(?:['’]m|['’]re|am|are) (?:very |so |really |terribly |deeply )?"
    r"(?:sorry|afraid|unable|not able|not sure|only an?\b|just an?\b|an? (?:ai|artificial|language|text))",
    rf"{_I} (?:can ?not|can['’]?t|could not|couldn['’]?t|won['’]?t|will not|was unable|would need|apologi[sz]e)",
    rf"{_I} need (?:more|an?|the)\b",
    rf"{_I} (?:do|did)(?: not|n['’]?t) (?:have|know|understand|see (?:an?|any|the) (?:image|picture|photo))",
    r"(?:my |our |please accept my )?apologies",
    r"(?:oops|whoops)\b",
    r"sorry\b[\s,.!:;—-]*(?:$|but\b|i\b|we (?:can|could|do|did|(?:are|were) (?:unable|not))|there (?:is|was)\b"
    r"|(?:this|that|the|no) (?:image|picture|photo|request|content|model|description|answer)|an? (?:error|problem)\b"
    r"|(?:could|can|something|about)\b)",
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
    rf"(?:$|[:：(\[]|\d+\s*(?:$|[.,:：(]|{_STATUS})|(?:has |was )?(?:occurred|encountered|raised|thrown)|code"
    r"|while\b|during\b)",
    r"\w+(?:error|exception)\b\s*(?:$|[:：(])",
    r"['\"]?error['\"]?\s*[:=：]",
    r"http(?:/[\d.]+)? ?(?:error |status |code )*:? ?[1-5]\d\d\b",
    rf"(?:status )?[45]\d\d:? {_STATUS}{_END}",
    r"traceback\b",
    r"<(?:!doctype|html|\?xml|head|body)",
    r"(?:connection|request|server|model|inference) (?:was |has |is )*"
    rf"(?:refused|error|reset|aborted|closed|failed|timed ?out|timeout|overloaded|unavailable|not found){_END}",
    r"(?:bad gateway|service unavailable|too many requests|gateway time-?out|rate limit|quota|access denied"
    rf"|unauthori[sz]ed|(?:cuda )?out of memory|not implemented|content[ _](?:filter|policy)){_END}",
    rf"(?:read |connect |connection )?(?:timed ?out|timeout){_END}",
    r"(?:发生|出现|内部|服务器|系统|网络|请求|连接|未知)*(?:错误|异常|超时)(?:\s*[:：!！。]|$)",
    r"(?:请求|连接|调用|处理|识别)失败",
)
_REFUSED, _FAILED = (re.compile("|".join(kind), re.IGNORECASE) for kind in (_REFUSALS, _ERRORS))
_WRITTEN = re.compile(r"\b(?:says|reads|(?:is|are) (?:written|printed|posted|painted))\b|写着|写有|字样", re.IGNORECASE)
_SELF = re.compile(r"\bI\b|我", re.IGNORECASE)
_BEFORE = re.compile(r"^[\s\"'`*_#>“”‘’{\[(-]+|^(?:assistant|answer|response|回答|助手)\s*[:：]\s*", re.IGNORECASE)


def refuses(text: str) -> bool:
    """Whether a text begins as a refusal or an error does, whatever quotation marks stand before it.

    `Sorry, we are closed, says a note` is none: it tells where such words are written, and nobody says "I".
    """
    head = text[:LOOKED_AT]
    while (bare := _BEFORE.sub("", head)) != head:
        head = bare
    head = re.sub(r"\s+", " ", head)
    if _REFUSED.match(head) is not None:
        return _WRITTEN.search(head) is None or _SELF.search(head) is not None
    return _FAILED.match(head) is not None
