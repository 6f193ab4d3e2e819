"""The English wordings by which requests are known, in the order they are tried: the request's name, its patterns.

The patterns meet a question in small letters, without marks, short forms and politeness.
"""

from __future__ import annotations

Wordings = tuple[tuple[str, tuple[str, ...]], ...]

PEOPLE = (
    r"(?:people|persons?|humans?|folks?|faces|men|women|man|woman|guys?|child|children|kids?|visitors?|guests?"
    r"|anyone|anybody|someone|somebody)"
)
THEM = rf"(?:{PEOPLE}|he|she|they|i|we)"
COLOUR = r"(?:red|green|blue|yellow|orange|brown|black|white|grey|gray|pink|purple)"
SEE = r"(?:see|seen|saw|notice|noticed|spot|spotted)"
MINE = r"(?:the|my|your|our|his|her|their|a|an)"
THEIRS = r"(?:my|your|our|his|her|their)"
FAR = r"(?:time|sun|moon|earth|world|universe|war|meeting|movie|film|party)"
NO_ONE = rf"(?!(?:(?:the|a|an|any|{THEIRS}) )?(?:{THEM}|{FAR}|him|them|me)\b|her$|it change)"
"""Stands before a thing that eyes may have seen: nobody is one."""
THING = rf"(?:it|that|this|these|those|{MINE} {NO_ONE}\w+)"
PICTURE = r"(?:picture|image|scene|room|view|frame)"

ENGLISH: Wordings = (
    ("stop", (r"^(stop|be quiet|quiet|silence|cancel|shut up|never ?mind|enough|hush)\b",)),
    (
        "repeat",
        (
            r"\brepeat\b",
            r"\bsay (that|it) again",
            r"what (did|have) you (just )?(say|said)",
            r"^(pardon|sorry|come again)$",
        ),
    ),
    ("asked", (r"what did i (just )?(ask|say)", r"what was my (last )?question")),
    ("hearing", (r"(can|do|did) you (still )?hear me", r"are you (still )?(there|listening|awake|on)$")),
    (
        "help",
        (
            r"^help( me)?$",
            r"what (can|could) (you do|i (ask|say))",
            r"what are you able",
            r"how (can|do) i use you",
        ),
    ),
    (
        "self",
        (
            r"(who|what) are you$",
            r"your name",
            r"how do you work",
            r"about yourself",
            r"introduce yourself",
            r"are you (a|an|human|real|alive)\b",
        ),
    ),
    ("hello", (r"^((hello|hi|hey|good (morning|afternoon|evening)|greetings)( there| assistant)?\s?)+$",)),
    ("thanks", (r"^(no )?(thank you|thanks|cheers)\b",)),
    ("bye", (r"^(good ?bye|bye|see you|good night|farewell)\b",)),
    ("yes or no", (r"^(yes|no|okay|ok|sure|fine)( please)?$",)),
    ("change", (r"\b(when|how long ago) (did|has|was) (it|that|this|anything|something|the \w+) (happen|change)",)),
    (
        "elsewhere",
        (
            r"^(is|are|was|were|has|have|did|who|what|which|how many|do|does|can|could|any\w*|some\w*)\b"
            r".*\b(behind|beside|next to|near|close to|above|below|to the (left|right) of) (me|us|you|the camera)\b",
            r"^(is|are|who|what|how many|any\w*)\b.*\b(next room|other room|upstairs|downstairs)\b",
        ),
    ),
    ("surroundings", (r"\bwhere (are we|(is|was) this)\b",)),
    (
        "last seen",
        (
            rf"^(where|when|how long ago) (did|have) (you|i|we) (last |just )?{SEE} {NO_ONE}\w+",
            rf"^(where|when) did ({THEM}|you) (last )?(put|leave|lay|drop|lose|place) {NO_ONE}\w+",
            rf"^when was the last time (that )?(you|i|we) {SEE} {NO_ONE}\w+",
            rf"^where (was|were|has|have|did) {THEIRS} {NO_ONE}(\w+ ){{0,2}}\w+$",
            rf"^where (was|were|has|have|did) {MINE} {NO_ONE}\w+( (go|gone|been|last|before|now))?$",
            rf"^(have|did) you {SEE} where (i|we) (put|left|laid|dropped) \w+",
        ),
    ),
    (
        "how long",
        (
            rf"^(how long|since when) (has|have) {THING}\b",
            rf"^since when (is|are|was|were) {THING}\b",
            rf"^how long (is|are|was|were) {THING}\b.* (there|here|open|closed|gone)$",
            rf"^how long (was|were) {THING} (on|in|at|under) (the|my|your)\b",
            rf"^(when|how long ago) did {MINE} {NO_ONE}\w+ (come|arrive|appear|get|show up)",
            rf"^how long (has|have) you (seen|been seeing) {NO_ONE}\w+",
        ),
    ),
    (
        "visits",
        (
            rf"\bhave you (ever )?(seen|noticed|spotted) (a |any |the )?{PEOPLE}\b",
            rf"\b(when|what time|how long ago) (did|was|have|has).*\b{THEM}\b",
            rf"how long (has|have|is|are) .*\b{THEM}\b",
            rf"^(when|where|how long ago) did (you|i|we) (last )?{SEE} (him|her|them|me)$",
            rf"\b(was|were|has|have|did) {THEM}\b.*\b(here|there|come|came|by|in|enter|arrive)\b",
            rf"\b(was|were|has|have|did) {THEM}\b.*\b(leave|left|gone|go|pass)\b",
        ),
    ),
    (
        "earlier",
        (
            r"\b(see|seen|saw|here|there|happen|happened) (earlier|before|so far|until now)",
            r"what (have|did) you (just )?(see|seen|notice|noticed)",
            r"what (have|did) (i|we) (just )?(show|shown|hold|held)\b",
            r"^what (was|were) (it|that|this|there|here|on|in|at|behind|under|beside|next to)\b.*"
            r"\b(before|earlier|previously)\b",
            r"^what (was|were) (i|we|he|she|they) (holding|wearing|showing|carrying)\b.*"
            r"\b(before|earlier|previously)\b",
            r"while i was (away|gone)",
        ),
    ),
    (
        "time",
        (
            r"what (time is it|is the time|time it is)",
            r"\bthe time$",
            r"how late is it",
            r"what hour",
        ),
    ),
    ("date", (r"(what|which) (day|date|month|year)\b.*\b(it|is|today|week)\b", r"(the|today s|todays) date")),
    (
        "change",
        (
            r"\bchang(e|es|ed|ing)\b",
            r"what is (different|new)",
            r"(just|anything|something) happen",
            r"what (just |has )?(happened|moved)$",
            r"(is|how is) it different",
            r"^(is |is there )?anything new",
            r"did i miss",
        ),
    ),
    (
        "count",
        (
            rf"(how many|number of|count)\b.*\b({PEOPLE}|us|them)\b",
            r"head ?count",
            r"how many are (there|here)",
            r"how (crowded|many do you see)",
            r"^(is|are) (there )?(nobody|no ?one|no (other )?(people|persons?|man|woman|body))\b",
            r"am i alone",
            r"(room|place|house|it) empty",
        ),
    ),
    (
        "where",
        (
            rf"\bwhere (is|are|am|do|does) .*\b{THEM}\b",
            r"where am i",
            r"(which|what) (side|part|position)",
            r"position of",
        ),
    ),
    ("presence", (r"who is (there|here)$",)),
    (
        "who",
        (
            r"\bwho (is|are|am)\b (he|she|it|they|that|this|those|these|i|we|in|on|at)\b",
            rf"\bwho is the {PEOPLE}\b",
            r"recogni[sz]e (me|him|her|them|this|that|the)",
            r"do you know (me|him|her|who|this|that)",
        ),
    ),
    (
        "read",
        (
            r"^(now )?read\b",
            r"\bread (it|that|this|out|to me)",
            r"what (does|do) (it|that|this|the|they) .*\bsay\b",
            r"what (does|do) (it|that|this|they) say",
            r"(is|are) (it |that |there )?(written|anything written)",
            r"what it says",
            r"\b(text|writing|sign|label|letters|inscription|qr|bar ?code)\b",
            r"what words",
            r"how many (words|letters|lines|signs|characters) (are (there|here|visible|written)$|(do|can) you)",
        ),
    ),
    (
        "detail",
        (
            r"what (is|are|am) (he|she|they|i|we|the (person|man|woman|people)) (doing|wearing|saying|looking like)",
            r"^(is|are|am) (i|he|she|they|these|those|the (person|people|man|woman)) (?!there|here|alone)\w+",
            rf"how (old|tall) (is|are|am) (this|that|he|she|they|i|we|the {PEOPLE})\b",
            r"how do i look",
        ),
    ),
    ("motion", (r"\b(is|are|do|what|any|anything|something)\b.*\b(mov(es?|ing|ement|ed)|motion)\b",)),
    (
        "object",
        (
            r"what am i holding",
            r"in my hand",
            r"what is on ",
            r"what (is|are) (this|that|it|these|those)$",
            r"(which|what) (things|objects?|items?) ",
        ),
    ),
    (
        "describe",
        (
            r"what (do|can|could) you( still)? see",
            r"what (you see|you are seeing|you can see|you saw)",
            rf"\bdescribe (what|the {PICTURE}|it|this|everything|your)",
            r"^describe$",
            r"look around",
            r"what is (happening|going on|in front of|there|here|around|visible)",
            rf"what is in (the )?{PICTURE}",
            r"what does the camera",
            r"(do|can) you see anything$",
            r"^can you see$",
            r"what am i looking at",
            rf"tell me about (the|this) {PICTURE}",
            rf"(summary|summari[sz]e) .*({PICTURE}|see)",
        ),
    ),
    (
        "presence",
        (
            rf"\b(see|spot|notice) (me|us|(a |any |some )?{PEOPLE})\b",
            rf"^(is|are) (there )?(a |any |some )?{PEOPLE}\b",
            rf"^any ?{PEOPLE}\b",
            rf"^{PEOPLE} (there|here|around)",
            r"^any(one|body)\b",
        ),
    ),
    (
        "colour",
        (
            rf"(what|which) colou?rs? (is|are) (it|this|that|there|these|in|the ({PICTURE}|wall|background|light))",
            r"(what|which) colou?rs? (do|can) you",
            rf"^(is|are) (it|this|that|the \w+) {COLOUR}$",
            r"^colou?rs?$",
        ),
    ),
    (
        "light",
        (
            rf"^(is|are) (it|the (lights?|lamps?|{PICTURE}))( \w+)* (dark|bright|dim|light|on|off|lit)\b",
            r"how (dark|bright|light) ",
            r"lighting",
            r"how is the light",
            r"lights? (on|off)$",
            r"(switch|turn) on (a|the) (lamp|light)",
        ),
    ),
    ("sharpness", (r"\b(blurr?y|blurred|in focus|out of focus)\b", rf"is (it|the {PICTURE}) sharp")),
    (
        "object",
        (
            r"(is|are) there (a|an|any|some|my|the) ",
            r"(do|can|did) you (see|spot|find|notice) (a|an|any|my|the|some|his|her) ",
            r"^any \w+ (in|on|around|here|there)",
            r"where (is|are) (my|the) ",
            r"how many \w+ (are (there|here|on|in)$|do you see|can you)",
        ),
    ),
    ("surroundings", (r"what colou?r (is|are) (my|his|her|their|your|the (?!sky|sun|sea|ocean|moon)) ?",)),
)
