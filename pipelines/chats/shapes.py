"""The shapes of questions about what is before the camera, so that none is left to a language model, which invents.

They are tried in order after all wordings, on the bare question.
"""

from __future__ import annotations

from pipelines.chats.wordings import PEOPLE, PICTURE, Wordings

_SPOT = (
    rf"(?:{PICTURE}|photo|video|background|foreground|corner|table|desk|floor|ground|ceiling|wall|shelf|door|window"
    r"|chair|sofa|couch|bed|bench|counter|bowl|box|bag|plate|cup|glass|street|road|garden|yard|kitchen|driveway|hands?)"
)
_POINTED = r"(?:this|that|these|those)"
_AT = r"(?:on|in|at|near|by|behind|under|beside|above|below|inside|next to|in front of|to the (?:left|right) of)"
_BESIDE = r"(?:on|near|behind|under|beside|above|below|inside|next to|in front of|to the (?:left|right) of)"
_OWN = rf"(?:the|my|your|his|her|their|{_POINTED})"
_PLACE = rf"(?:here|out there|{_AT} (?:(?:{_OWN} )(?:\w+ )?{_SPOT}|you|me|us|the camera))"
_FAR = (
    r"(?:sun|moon|stars?|earth|world|universe|galaxy|ocean|sea|planets?|solar|climate|economy|internet|government"
    r"|president|pope|human|speed|answer|capital|meaning|history|future|best|most)"
)
_ONE = rf"(?:he|she|they|it|i|we|{_POINTED}|{_OWN} (?!{_FAR}\b)(?:\w+ )?\w+)"
_PERSON = rf"(?:he|she|they|i|we|{_OWN} (?:\w+ )?{PEOPLE})"
_PERCEIVE = r"(?:see|seen|saw|spot|spotted|notice|noticed|count|counted|identify|recogni[sz]e|make out)"
_WEATHER = r"(?:rain|snow|wind|sun|fog|raining|snowing|sunny|cloudy|windy|foggy)"
_NOT_SEEN = r"(?:what|why|how|if|that \w+)\b|.*\b(?:movie|film|show|series)\b"
_HOLD = r"(?:holding|carrying|pointing at|looking at|showing)"
_MEASURE = r"(?:big|large|small|far|heavy|long|clean|full|high|wide|hot|cold|warm)"
_OPINION = r"(?:true|possible|legal|normal|okay|ok|correct|christmas)"

SHAPES: Wordings = (
    (
        "surroundings",
        (
            r"^(what|how) is the weather\b",
            r"\bweather (like|outside|here)\b",
            rf"^(is|are|was|will|does|do) (it|there|the) (be )?{_WEATHER}\b",
            r"^is (it|the) (sun|moon|sky) (\w+ing|out|up|down|clear|cloudy|overcast|visible)$",
            r"^(what|which) (season|temperature|time of (day|year)|place|room|city|town|country|street|building)"
            rf" (is|are) (it|we|{_POINTED})\b",
            r"^how (is|are) (it|things) (outside|out there)$",
        ),
    ),
    (
        "object",
        (
            rf"^(?!why|when|how (?!many)).*\b(is|are|am) {_ONE} (\w+ )?{_HOLD}\b",
            rf"^how many (\w+ ){{1,3}}(is|are|am|does|do|has|have) {_ONE} (\w+ )?({_HOLD}|wearing|hold|wear|got)\b",
            rf"^how many (\w+ ){{1,3}}(have|has|did|do|can|could|were) (you|the camera) (\w+ )?{_PERCEIVE}\b",
            rf"^how (many|much) (\w+ ){{1,3}}(is|are) .*{_PLACE}$",
            rf"^(what|which) (\w+ ){{1,4}}(do|can|did|could|have) you (\w+ )?{_PERCEIVE}\b",
            rf"^(have|did|do|can|could) you {_PERCEIVE} (?!{_NOT_SEEN})\w+",
            rf"^(what|which) (\w+ ){{1,4}}(is|are) ({_POINTED}\b|(it|he|she|they)$)",
            rf"^(what|which) (breed|make|brand|model|size|shape|material|species|kind|type) (is|are) {_ONE}$",
            rf"^(what|which|whose) (is|are|was|were) ({_POINTED}|(he|she|it)$)",
            rf"^(what|which) (else )?(is|are) (\w+ing )?{_AT} {_OWN}\b",
            rf"^(what|which) (\w+ ){{1,4}}(is|are) (\w+ing )?({_BESIDE} {_OWN}\b|{_PLACE}$)",
            rf"^(what|which|is|are) .*{_PLACE}$",
            rf"^(is|are|was|were) ({_POINTED}|it) (really )?(a|an|some|my|your|his|her)\b(?!.*\b(to|that|if|for)\b)",
            rf"^(is|are) {_ONE} {_AT} {_OWN}\b",
            rf"^(is|are) there (?!life\b)\w+( (outside|{_PLACE}|{_AT} {_OWN} .*))?$",
            r"^(how many|any) \w+$",
            r"^(what|which) (is|are) the (objects?|things?|items?|animals?)$",
            rf"\bwhat (\w+ )?({_POINTED}|it) is$",
            rf"^what do you think ({_POINTED}|it) (is|are)$",
            rf"^(do|does) {_POINTED} (look|seem|appear)\b",
            rf"^(can you )?(identify|name|list|describe|recogni[sz]e) ({_POINTED}|everything you|what you|my)\b",
            rf"^describe (the|his|her|their) (?!{_FAR}\b)\w+( {_AT} .*)?$",
            rf"^(describe|tell me (more )?about) .*{_PLACE}$",
            rf"^tell me (more )?(about )?(what )?({_POINTED}|my)\b( \w+)?( is)?$",
        ),
    ),
    (
        "detail",
        (
            rf"^(what|where|how|which \w+) (is|are|am) {_PERSON} \w+ing\b",
            rf"^(what|where) (is|are) {_PERSON} .*\b(wearing|doing|eating|drinking|reading)$",
            r"^who is (wearing|holding|carrying|standing|sitting|lying)\b",
            rf"^why (is|are|am) {_PERSON} \w+ing\b",
            rf"^(is|are|am) {_PERSON} (?!there|here|alone)\w+",
            rf"^who is \w+ing( {_PLACE}| there)?$",
            rf"^(what )?(do|does) {_PERSON} (look|seem|appear|wear|hold|feel)\b",
        ),
    ),
    (
        "surroundings",
        (
            rf"^(what|where|which \w+) (is|are) {_ONE} \w+ing\b",
            rf"^(what )?(do|does) {_ONE} (look|seem|appear|sound|smell)\b",
            rf"^(is|are|was|were) ({_POINTED}|it) (?!{_OPINION}\b|.*\b(to|that|if|when|for|than)\b)\w+",
            rf"^(is|are) {_OWN} (?!{_FAR}\b)\w+ (still |already )?(?!of\b|an?\b|the\b)\w+$",
            rf"^how {_MEASURE} (is|are) ({_POINTED}|(he|she|it)$)",
        ),
    ),
)
