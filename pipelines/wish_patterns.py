"""How wishes are worded in English."""

from __future__ import annotations

import re

from pipelines.remarks import Topic

POLITE = re.compile(
    r"^(?:(?:okay|ok|hey|so|and|but|now|please|just|assistant|excuse me|(?:can|could|would|will) you(?: please)?"
    r"|i want you to|i would like you to|i'd like you to|you can|you may)\b *)+"
)
"""Before a wish."""
POLITE_AFTER = re.compile(r"(?: (?:please|thanks|thank you|now|for me|right now|assistant|okay|ok))+$")
"""After it."""
TOPIC_WORDS: dict[str, Topic] = {
    **dict.fromkeys(["people", "persons", "person", "humans", "anyone", "人", "人物", "人们", "行人"], "people"),
    **dict.fromkeys(
        ["text", "texts", "signs", "writing", "words", "letters", "labels", "文字", "字", "文本", "标志", "牌子"],
        "text",
    ),
    **dict.fromkeys(["objects", "object", "things", "items", "物体", "物品", "东西", "物件"], "objects"),
    **dict.fromkeys(["motion", "movement", "movements", "动静", "运动", "移动"], "motion"),
    **dict.fromkeys(["light", "lights", "lighting", "brightness", "光线", "灯光", "亮度", "光"], "light"),
}
"""From the words for a topic to the topic."""

_IT = r"(?:it|that|this)"
_BIT = r"(?:a bit |a little(?: bit)? |much |even |some(?:what)? )?"
_SAY = r"(?:talk|speak|say|tell|describe|narrate)"
_SPEED = r"(?:(?:talk|speak|read|go|say (?:it|that)|be) )?"
_TOPIC = r"(?:the )?(?P<what>" + "|".join(word for word in TOPIC_WORDS if word.isascii()) + ")"
_ANYMORE = r"(?: any ?more| any longer| at all)?"
_HERE = r"(?: (?:there|here|now|right now|around|around me|around here))*"
_SEE = r"(?:see|spot|find|notice|read)"
_THING = r"(?P<what>(?!nearest|next|best)\w[\w'-]*(?: [\w'-]+){0,3}?)"
_NO_TIME = r"(?!.*\b(?:seconds?|minutes?|hours?|o'clock|noon|midnight|half past|quarter (?:past|to))\b)"
"""That is no condition that can be seen: a timer."""
_COME = r"(?:comes?|appears?|arrives?|enters?|shows? up|turns? up|passes|walks? in|is|are|gets?|has|can|says?|there)"

_WORDED: dict[str, tuple[str, ...]] = {
    "repeat": (
        rf"(?:repeat|say)(?: {_IT}| what you (?:just )?said| the last (?:one|thing|sentence|part))?"
        r"(?: (?:again|once more|one more time))",
        rf"repeat(?: {_IT}| yourself| what you (?:just )?said| the last (?:one|thing|sentence|part))?",
        r"again|once again|once more|one more time|come again|say again|pardon(?: me)?|i beg your pardon",
        r"(?:sorry )?what did you (?:just )?say(?: just)?|sorry what",
        rf"(?:sorry )?i (?:didn't|did not|couldn't|could not) (?:hear|catch|get|understand) (?:{_IT}|you)",
    ),
    "before": (
        r"what (?:did you|have you) (?:say|said|tell me|told me) (?:before(?: that| this)?|earlier|previously"
        r"|(?:a|one) (?:moment|minute|second|while) ago|last time)",
        r"what was (?:it|that) (?:that )?you said (?:before|earlier)|what you said before",
    ),
    "back": (
        r"(?:go |move |step )?back(?: one| once)?|(?:the )?previous(?: one| message| sentence| item)?",
        r"(?:and )?(?:the (?:one|thing|sentence) )?before that(?: one)?|the (?:one|thing|sentence) before",
    ),
    "forward": (
        r"(?:go |move |step )?forwards?(?: one| once)?|(?:the )?next(?: one| message| sentence| item)?",
        r"(?:the (?:one|thing|sentence) )?after that(?: one)?|the (?:one|thing|sentence) after",
    ),
    "spell": (
        rf"spell(?: {_IT}| the last (?:one|thing|word|sentence|part))?(?: out)?(?: letter by letter)?",
        rf"(?:say |read )?(?:{_IT} )?letter by letter|spell out {_IT}",
        rf"how (?:is {_IT} spelled|do you spell {_IT}|is {_IT} spelt|is {_IT} written)",
    ),
    "more": (
        rf"(?:{_SAY} )?{_BIT}more(?: often)?|be {_BIT}more (?:talkative|detailed)|{_SAY} me {_BIT}more often",
        r"(?:you )?(?:talk|speak|say) too little",
    ),
    "less": (
        rf"(?:{_SAY} (?:me )?)?{_BIT}less(?: often)?|be {_BIT}less talkative|be {_BIT}(?:brief|briefer|short|shorter)",
        r"(?:you (?:are |talk |speak |say |are talking )|you're (?:talking )?)?(?:way |far )?too much(?: talk"
        r"| talking)?",
        r"(?:don't|do not) (?:talk|speak|say) so much|not so much|less talk(?:ing)?",
    ),
    "faster": (
        rf"{_SPEED}{_BIT}(?:faster|quicker|more quickly)|speed (?:it )?up(?: a bit| a little)?",
        r"(?:(?:you (?:are|talk|speak)|you're|you are|that's|that is)(?: (?:talking|speaking))? )?(?:far "
        r"|way )?too slow(?:ly)?",
        r"(?:don't|do not) (?:talk|speak|go) so slow(?:ly)?|not so slow(?:ly)?",
    ),
    "slower": (
        rf"{_SPEED}{_BIT}(?:slower|more slowly)|slow (?:it )?down(?: a bit| a little)?|{_SPEED}slowly",
        r"(?:(?:you (?:are|talk|speak)|you're|that's|that is)(?: (?:talking|speaking))? )?(?:far "
        r"|way )?too (?:fast|quick|quickly)",
        r"(?:don't|do not) (?:talk|speak|go) so (?:fast|quickly)|not so (?:fast|quick|quickly)",
    ),
    "louder": (
        rf"{_SPEED}{_BIT}(?:louder|more loudly)|speak up(?: a bit| a little)?|volume up|(?:turn |the )?volume up",
        r"turn (?:it|yourself|(?:the|your) (?:volume|voice|sound)) up|turn up (?:the|your) (?:volume|voice|sound)",
        r"(?:increase|raise) (?:the|your) (?:volume|voice)|i (?:can't|cannot|can not) hear you|(?:you're "
        r"|you are )?too quiet",
    ),
    "softer": (
        rf"{_SPEED}{_BIT}(?:softer|quieter|more (?:quietly|softly))|(?:turn |the )?volume down",
        r"turn (?:it|yourself|(?:the|your) (?:volume|voice|sound)) down|turn down (?:the|your) (?:volume|voice|sound)",
        r"(?:decrease|lower|reduce) (?:the|your) (?:volume|voice)|not so loud(?:ly)?|(?:you're |you are "
        r"|that's )?too loud",
        r"(?:don't|do not) (?:talk|speak) so loud(?:ly)?",
    ),
    "pause": (
        r"pause(?: it| that| this| the narration| narrating| narration| talking| speaking| yourself)?|take a break",
        r"(?:stop|no more) (?:narrating|narration|describing|the narration)(?: for now| for a while)?",
        r"(?:be (?:quiet|silent)|stop talking|don't talk|do not talk) (?:for(?: a while| a bit)?"
        r"|until i (?:say|tell you)(?: so)?)",
    ),
    "resume": (
        r"resume(?: it| the narration| narrating| narration| talking)?|continue(?: narrating| talking| the narration)?",
        r"go on(?: narrating| talking)?|carry on|keep going|unpause",
        r"(?:talk|speak|narrate|start (?:talking|narrating|describing)|(?:narration|narrating) on) again",
    ),
    "stop": (
        r"stop (?:now|speaking|everything|reading|saying that|talking now)|be (?:quiet|silent)(?: now)?",
        r"stop|keep quiet|shush|stop stop|stop it now|cancel(?: it| that)?",
    ),
    "describe": (
        rf"describe(?: {_IT}| everything| what(?:'s| is| you see)(?: is)?(?: there| here| around me)?"
        r"| (?:the|my) (?:scene|room|picture|surroundings|view|situation|place|image)| what you (?:can )?see)?" + _HERE,
        r"(?:what(?:'s| is)) (?:around me|around here|around)|look around|what is there(?: now)?|what's there(?: now)?",
    ),
    "read": (
        rf"read(?: (?:{_IT}|everything|all|all of it|aloud|what it says|(?:{_IT} |the |all the |all )?(?:text"
        rf"|texts|sign|signs|label"
        r"|page|letter|screen|menu|display|paper|writing|lines)))?(?: (?:to me|aloud|out|out loud|exactly"
        r"|again|there|here))*",
        rf"what does (?:{_IT}|the (?:text|sign|label|page|screen|display)) say|what(?:'s| is) (?:written"
        rf"|it say)(?: there| here)?",
    ),
    "left": (
        r"(?:(?:and )?what(?:'s| is| do you see)(?: there)?|is (?:there )?anything|anything) (?:to|on|at|towards?)"
        r" (?:my|the|your) left(?: side| hand side|-hand side)?" + _HERE,
        r"(?:and |what about )?(?:(?:to|on) )?(?:my|the) left(?: side)?|what(?:'s| is) left of (?:me|us|you)|left",
    ),
    "right": (
        r"(?:(?:and )?what(?:'s| is| do you see)(?: there)?|is (?:there )?anything|anything) (?:to|on|at|towards?)"
        r" (?:my|the|your) right(?: side| hand side|-hand side)?" + _HERE,
        r"(?:and |what about )?(?:(?:to|on) )?(?:my|the) right side|what(?:'s| is) right of (?:me|us|you)",
        r"(?:and |what about |(?:to|on) )(?:my|the) right",
    ),
    "ahead": (
        r"(?:(?:and )?what(?:'s| is| do you see)(?: there)?|is (?:there )?anything|anything)"
        r" (?:(?:straight |right )?ahead(?: of (?:me|us|you))?|(?:right |directly )?in front of (?:me|us)|before me"
        r"|in the (?:middle|centre|center))" + _HERE,
        r"(?:straight )?ahead|what about (?:straight )?ahead|and ahead",
    ),
    "aim": (
        r"aim|(?:help|guide) me(?: to)? (?:aim(?:ing)?|point|frame|hold|frame it|point it)"
        r"(?: (?:it|the (?:camera|phone|picture)))?(?: right)?|help (?:me )?with (?:aiming|the aim|pointing)",
        r"(?:where|how) (?:should|do|must|can) i (?:aim|point|hold)(?: (?:it|the (?:camera|phone)))?(?: to)?"
        r"|start aiming",
        r"(?:stop|end|no more) (?:aiming|guiding me)|guide (?:me|the camera)",
    ),
    "watches": (
        r"what (?:are you|do you) (?:watching|watch|looking out|look out|waiting)(?: out)?(?: for)?",
        r"(?:list|tell me) (?:the|your|all|my) watches|what (?:do|did) i (?:want|ask) you to watch(?: for)?",
    ),
    "unwatch": (
        rf"(?:stop|quit|end|no more) (?:watching|looking|waiting)(?: out)?(?: for (?P<what>.+?))?{_ANYMORE}",
        rf"(?:(?:don't|do not|no longer) (?:watch|look)(?: out)?(?: for)?|unwatch)(?: anything)?{_ANYMORE}",
        r"(?:cancel|forget|delete|remove|clear) (?:the|all|my|your|all the|all my) watch(?:es)?",
        r"watch for nothing(?: any ?more)?",
        rf"(?:don't|do not|no longer) (?:watch|look)(?: out)? for (?P<what>.+?){_ANYMORE}",
        r"unwatch (?P<what>.+)",
    ),
    "watch": (
        r"(?:watch|look|keep watch|keep watching)(?: out)? for (?P<what>(?!me\b|you\b|it\b|now\b|nothing\b"
        r"|a while\b).+)",
        r"keep (?:an eye|a lookout|your eyes)(?: open| out)? for (?P<what>.+)",
        r"(?:tell|let|warn|alert|notify|inform) me (?:know )?(?:when|as soon as|once|the moment)(?:ever)?"
        rf" (?P<what>{_NO_TIME}(?!(?:was|were|is|are|did|does|do|will|has|have|had|to|your|i|we|exactly"
        rf"|you(?! (?:can )?{_SEE}))\b).+)",
        r"(?:warn|alert|notify) me (?:about|of|if) (?P<what>.+)",
        rf"(?:let me know|tell me) if (?P<what>(?:someone|somebody|anyone|anybody|a person|people) {_COME}\b.*)",
        rf"say (?:so |something )?(?:when|as soon as) (?P<what>{_NO_TIME}(?!(?:you|i|we)\b).+)",
    ),
    "where": (
        rf"where(?:'s| is| are| was| were) (?:the|my|our|that|this) {_THING}"
        r"(?: (?:last|before|now|again|seen|seen last|last seen))*",
        rf"where (?:did you|have you) (?:last )?(?:see|seen) (?:the|my|our|that|a|an) {_THING}(?: (?:last"
        rf"|before|now))*",
        rf"when (?:did you last see|was) (?:the|my) {_THING} (?:last )?seen",
    ),
    "topic-": (
        rf"(?:don't|do not|stop|never|no longer) (?:tell(?:ing)?(?: me)?|talk(?:ing)?|speak(?:ing)?|describ(?:e|ing)"
        rf"|say(?:ing)?(?: anything)?|mention(?:ing)?|announc(?:e|ing)|inform(?:ing)? me|report(?:ing)?|read(?:ing)?)"
        rf"(?: to me)?(?: anything)?(?: more)?(?: (?:about|of))? {_TOPIC}{_ANYMORE}",
        rf"(?:no more|leave out|skip|ignore) {_TOPIC}",
        r"(?P<what>people|text|objects|motion) off",
        r"(?:turn|switch) off (?:the )?(?P<what>people|text|objects|motion)",
    ),
    "topic+": (
        rf"(?:tell me|talk|speak|say something|inform me|report|talk to me) (?:about|of) {_TOPIC} (?:again|too"
        rf"|as well|also)",
        rf"(?:mention|announce|include) {_TOPIC} (?:again|too|as well|also)",
        r"(?P<what>people|text|objects|motion) on",
        r"(?:turn|switch) on (?:the )?(?P<what>people|text|objects|motion)",
    ),
    "privacy-": (
        r"(?:turn|switch) off (?:the )?privacy(?: mode)?|(?:turn|switch) (?:the )?privacy(?: mode)? off",
        r"privacy(?: mode)? off|(?:end|leave|stop|no more) (?:the )?privacy(?: mode)?",
        r"(?:turn|switch) (?:the )?(?:camera and (?:the )?microphone|microphone and (?:the )?camera"
        r"|everything) (?:back )?on(?: again)?",
    ),
    "privacy+": (
        r"privacy(?: mode)?(?: on)?|(?:turn|switch) on (?:the )?privacy(?: mode)?|(?:turn"
        r"|switch) (?:the )?privacy(?: mode)? on",
        r"(?:go|be) private|i (?:want|need) privacy|(?:enter|start) (?:the )?privacy(?: mode)?"
        r"|stop listening and watching",
        r"(?:turn|switch) (?:the )?(?:camera and (?:the )?microphone|microphone and (?:the )?camera|everything) off",
        r"(?:turn|switch) off (?:the )?(?:camera and (?:the )?microphone|microphone and (?:the )?camera)",
    ),
    "keys": (
        r"(?:(?:what|which)(?: are the)? |list (?:the |all (?:the )?)?|tell me (?:the )?|the )?(?:keys"
        r"|shortcuts|keyboard shortcuts)"
        r"(?: (?:are there|can i (?:press|use)|do i have|do what|are available))?|(?:what|which) key does what",
        r"what can i press|explain the keys",
    ),
    "help": (
        r"help(?: me)?|what can i (?:say|ask|tell you)|how do i use (?:this|it|you)|how does this work",
        r"(?:the |say the |repeat the )?introduction(?: again)?|introduce yourself again",
    ),
}
ENGLISH = tuple((name, re.compile(pattern)) for name, worded in _WORDED.items() for pattern in worded)
"""In the order in which they are tried; the name says which wish it is, with `+` or `-` what it switches."""
