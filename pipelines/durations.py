"""Lengths of time as people say them, in English and Chinese: to seconds, and back to words."""

from __future__ import annotations

import re

from pipelines.phrases import Language

_UNITS = {"second": 1, "sec": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "s": 1, "m": 60, "h": 3600}
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_ROUND = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TENS = {word: 10 * number for number, word in enumerate(_ROUND, 2)}
_WORDS = {word: number for number, word in enumerate(_ONES)} | _TENS | {"a": 1, "an": 1}
_NUMBER = rf"(?:\d+(?:\.\d+)?|(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES[1:10])}))?|(?:{'|'.join(_ONES)})|an?)"
_UNIT = r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|[smh])\b"
_PART = rf"(?:half an? {_UNIT}|(?:a )?quarter of an hour|{_NUMBER}(?: and a half)?(?: |-)?{_UNIT}(?: and a half)?)"
ENGLISH = rf"(?:{_PART}(?:,? (?:and )?{_PART})*)"
"""A pattern of a length of time, in small letters."""

_NUMBER_ZH = r"(?:\d+(?:\.\d+)?|[零一二两三四五六七八九十百]+)"
_PART_ZH = rf"(?:半个?(?:小时|钟头|分钟)|一刻钟|{_NUMBER_ZH}个?半?(?:小时|钟头|分钟|秒钟|分|秒)半?)"
CHINESE = rf"(?:{_PART_ZH}零?(?:{_PART_ZH})*)"
_DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
_UNITS_ZH = {"小时": 3600, "钟头": 3600, "分钟": 60, "分": 60, "秒钟": 1, "秒": 1}


def seconds(text: str) -> float:
    """Of a text that one of the patterns fits as a whole."""
    if re.search(r"[\u4e00-\u9fff]", text):
        return sum(_part_zh(part) for part in re.findall(_PART_ZH, text))
    return sum(_part(part) for part in re.findall(_PART, text.lower()))


def spoken(length: float, language: Language) -> str:
    """ "5 minutes", "1 hour and 30 minutes", "1小时30分钟"; to the second."""
    left, parts = max(0, round(length)), []
    for size, name, chinese in ((3600, "hour", "小时"), (60, "minute", "分钟"), (1, "second", "秒")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{chinese}" if language == "zh" else f"{count} {name}{'s' if count > 1 else ''}")
    if language == "zh":
        return "".join(parts) or "0秒"
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts) or "0 seconds"


def _part(text: str) -> float:
    unit = (
        3600
        if "quarter" in text
        else _UNITS[re.findall(r"[a-z]+", text.replace(" and a half", ""))[-1].rstrip("s") or "s"]
    )
    if text.startswith("half"):
        return unit / 2
    if "quarter" in text:
        return 900
    words = re.findall(r"\d+(?:\.\d+)?|[a-z]+", text.partition(" and a half")[0])
    digits = [float(word) for word in words if word[0].isdigit()]
    number = digits[0] if digits else float(sum(_WORDS.get(word, 0) for word in words))
    return (number + ("and a half" in text) / 2) * unit


def _part_zh(text: str) -> float:
    if text == "一刻钟":
        return 900
    unit = next(size for name, size in _UNITS_ZH.items() if name in text)
    number = re.match(_NUMBER_ZH, text)
    return ((_chinese_number(number[0]) if number else 0.0) + ("半" in text) / 2) * unit


def _chinese_number(text: str) -> float:
    """Up to 999: "二十五", "一百二十"."""
    if text[0].isdigit():
        return float(text)
    total, digit = 0, 0
    for sign in text:
        if sign in "十百":
            total += (digit or 1) * (10 if sign == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[sign]
    return float(total + digit)
