"""The English words of captions that say who someone is, how old, of what kind, and in what mood."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipelines.vocabulary import VERB_FORMS


def any_of(words: str) -> str:
    """A pattern of whole words, the longest first."""
    return rf"\b(?:{'|'.join(sorted(words.split(), key=len, reverse=True))})\b"


_ONE = """
man woman boy girl lady gentleman guy child kid toddler baby infant teenager teen youth adult senior male female
businessman businesswoman grandmother grandfather mother father dad mom mum gentleperson bride groom lad gal dude
schoolboy schoolgirl youngster preschooler newborn actor actress
"""
_MANY = """
men women boys girls ladies gentlemen guys children kids toddlers babies infants teenagers teens youths adults seniors
males females businessmen businesswomen mothers fathers parents youngsters folks gals dudes schoolchildren
grandparents persons
"""
_KIN = """
son daughter wife husband brother sister mother father grandmother grandfather grandson granddaughter mom mum dad
girlfriend boyfriend child baby kid partner parent friend uncle aunt
"""
ONE, MANY = any_of(_ONE), any_of(_MANY)
SOMEBODY = any_of(f"{_ONE} {_MANY} person people couple family")
_NOUN = any_of(f"{_ONE} person")
_NOUNS = any_of(f"{_MANY} people")
_CARE = r" (?:carriage|stroller|bottle|crib|seat|chair|monitor|gate|grand|food|powder|doll)\b"
"""What stands after a word for a child where it names a thing."""
_NUMBER = r"(?:two|three|four|five|six|seven|eight|nine|ten|several|some|many|\d+)"
NUMBERED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

MOODS = any_of("""
happy sad angry excited calm relaxed serious surprised worried bored joyful cheerful content pensive thoughtful upset
anxious nervous scared afraid frightened amused pleased delighted annoyed confused confident tired exhausted friendly
playful contemplative shocked depressed emotional unhappy gloomy stern proud lonely melancholy jolly merry grumpy
engaged concerned stressed peaceful serene comfortable contented ecstatic furious hopeful disappointed embarrassed
pregnant
""")
_SMILES = any_of("smiling laughing grinning frowning crying weeping beaming giggling scowling smirking chuckling")
_SMILE = any_of("smiles laughs grins frowns cries weeps beams giggles scowls smirks smile laugh grin frown weep giggle")
_TO_WHOM = r"(?: (?:at|for|to|towards?|into|with) (?:the (?:camera|viewer|photographer|other)|each other|one another"
_TO_WHOM += r"|some(?:one|thing)|him|her|them|us|me|you))?"
_HOW = any_of(
    "happily sadly angrily cheerfully joyfully excitedly nervously anxiously broadly warmly softly gently "
    "brightly proudly calmly peacefully seriously thoughtfully brightly comfortably contentedly playfully"
)
_ORIGIN = any_of("""
asian african african-american caucasian hispanic latino latina indian chinese japanese korean american european arab
arabic middle-eastern mexican russian british french german italian western eastern dark-skinned light-skinned
fair-skinned brown-skinned biracial ethnic native nordic scandinavian
""")
_AGES = any_of("""
young younger old older elderly aged middle-aged teenage adolescent adult senior little mature youthful grown-up baby
male female masculine feminine beautiful handsome pretty attractive gorgeous cute lovely stylish bearded balding bald
famous grown
""")
_DECADE = r"(?:teens|twenties|thirties|forties|fifties|sixties|seventies|eighties|\d0'?s)"
_GUESSED = r"(?:,? (?:who|that|and))?(?: (?:is|are|appears?|seems?|looks?|to be|probably|likely|perhaps|maybe))*"
_OWN = r"(?:his|her|their|your|my|its|the)"
_LINKED = rf"(?:[\w-]+,? )?{MOODS}(?:(?:,| and|, and|,? but|,? yet)(?: \w+ly)? {MOODS})*"
_FACE = r"(?:smiles?|grins?|frowns?|(?:facial )?expressions?|demeanou?r|moods?|looks?(?= on)|emotions?|gaze)"
_ON_FACE = rf"(?: (?:on|across) {_OWN} faces?)?(?: of \w+)?"
_PICTURE = r"(?:image|picture|photo(?:graph)?|scene|frame|video|shot|view|footage|screenshot)"
_SHOWS = r"(?:shows?|depicts?|captures?|features?|displays?|contains?|presents?|portrays?|showcases?|is of|reveals?)"
_VERBS = "|".join(sorted(VERB_FORMS, key=len, reverse=True))
_DOING = any_of(
    "wearing holding sitting smiling speaking talking walking playing shaking posing waving eating "
    "standing looking giving dancing singing wears holds sits speaks talks walks waves poses"
)
_NAME = r"[A-Z][a-z]+(?: [A-Z][a-z]+)"
_THINGS = r"(?:Bridge|Tower|Street|Liberty|Statue|Building|Santa|Claus|Park|Museum|Bear|Mouse|Duck|Logo|Tree|Machine)"

Rules = Sequence[tuple[re.Pattern[str], str]]


def _rules(*pairs: tuple[str, str]) -> Rules:
    return [(re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in pairs]


LEADS = _rules(
    (r"\b(mr|mrs|ms|dr|prof)\.", r"\1"),
    (r"^(?:overall|additionally|furthermore|also|meanwhile|moreover|specifically|here), ?", ""),
    (rf"^(?:in|on|within|throughout) (?:the|this) {_PICTURE},? ", ""),
    (rf"^(?:the|this|a) (?:[\w-]+ ){{0,2}}{_PICTURE} (?:appears to |seems to |clearly )?{_SHOWS} (?:us )?", ""),
    (rf"^(?:this|it) (?:is|appears to be) an? (?:[\w-]+ ){{0,3}}{_PICTURE} (?:of|showing|with) ", ""),
    (rf"^(?:the|this) {_PICTURE} is an? (?:[\w-]+ ){{0,3}}{_PICTURE} (?:of|showing) ", ""),
    (rf"^an? (?:[\w-]+ ){{0,3}}{_PICTURE} (?:of|showing) ", ""),
    (r"^(?:an? )?(?:extreme )?close-?up (?:view |shot |photo |image )?of ", ""),
    (r",? \b(?:in|within|of) (?:the|this) (?:image|picture|photo(?:graph)?|frame|scene)\b(?! of)", ""),
    (r"^(?:here,? )?(?:we|you|i|one) (?:can )?(?:also |clearly )?(?:see|observe|notice) ", ""),
    (
        rf"^(?:the|this) {_PICTURE} (?:is set|was taken|is taken|was shot|takes place|is located) (?:in|at|on|inside) ",
        "",
    ),
    (rf"^(?:this|it) is (?=an? (?:[\w-]+ ){{0,3}}(?:{_PICTURE}|room)$)", ""),
    (r"\bclose-?up(?: of)?\b", ""),
)
NAMES = [
    (re.compile(r",? (?:named|called|known as|identified as) [A-Z]\w+(?: [A-Z]\w+)*"), ""),
    (
        re.compile(
            r"\b(?:[Ff]ormer )?(?:[Pp]resident|[Pp]rime [Mm]inister|[Ss]enator|Mr|Mrs|Ms|Dr|[Aa]ctor"
            r"|[Aa]ctress|[Ss]inger"
            r"|[Qq]ueen|[Kk]ing|[Pp]rince(?:ss)?) [A-Z]\w+(?: [A-Z]\w+)*"
        ),
        "a person",
    ),
    (
        re.compile(
            rf"(?<![\w-])(?!The |A |An |One |Two |\w+ {_THINGS}|\w+ \w+ {_THINGS}){_NAME}{{1,2}}"
            rf"(?= (?:is |was |are )?{_DOING})(?! \w+ (?:People|Person))"
        ),
        "a person",
    ),
]
ABOUT_PEOPLE = _rules(
    (
        rf"{_GUESSED},?(?: (?:about|around|approximately|roughly))? in {_OWN} (?:early |mid-?|mid |late "
        rf"|middle )*{_DECADE}"
        rf"(?: (?:or|to) (?:early |mid-?|late )*{_DECADE})?",
        "",
    ),
    (
        rf"{_GUESSED},? (?:about |around |aged |approximately |roughly )*\d+ years? old|,? (?:of"
        rf" )?middle[- ]aged?(?= (?:is|sits|stands|in|with)\b)",
        "",
    ),
    (r"\b\d+[- ]year[- ]olds?(?: (?=\w))?", ""),
    (
        rf"{_GUESSED},? of \w+ (?:descent|origin|ethnicity|heritage)|,? with (?:a )?(?:dark|fair|light|brown"
        rf"|pale|tan) (?:skin|complexion)(?: tone)?",
        "",
    ),
    (r",? (?:with|and) (?:a |an )?(?:[\w-]+ ){0,2}(?:beard|moustache|mustache|facial hair|goatee)\b", ""),
    (
        rf"\b(?:{_AGES}|{_ORIGIN}|{MOODS}|{_SMILES})(?:,? and |,? )(?=(?:(?!and\b|an?\b|the\b|with\b|in\b|of\b"
        rf"|next\b|is\b|are\b|{_OWN}\b)[\w-]+,? ){{0,2}}{SOMEBODY})(?! (?:and|,))",
        "",
    ),
    (rf"\b(?:black|white|brown)(?: and (?:black|white))? (?={SOMEBODY})", ""),
)
FEELINGS = _rules(
    (
        r",? ?\b(?:suggesting|indicating|conveying|creating|evoking|reflecting|emphasi[sz]ing|highlighting"
        r"|implying|giving off"
        r"|adding (?:to|a))\b[^.]*",
        "",
    ),
    (rf" {_HOW}(?: and {_HOW})?", ""),
    (r"(?:,| and)? ?\b(?:enjoying|having (?:a good time|fun))\b[^,.]*", ""),
    (
        rf",? ?(?:and )?\b(?:with|wearing|having|showing|displaying|has|have|had|expressing) (?:a |an |{_OWN}"
        rf" )?(?:(?!and\b|in\b|on\b)[\w-]+,? ){{0,3}}?(?:and \w+ )?{_FACE}{_ON_FACE}",
        "",
    ),
    (rf"\b(is|are|was|were) {_SMILES}{_TO_WHOM},? and (?=\w+ing\b)", r"\1 "),
    (rf"\b(is|are|was|were) {_SMILES}{_TO_WHOM},? (?:while|as) (?:\w+ (?:is|are) )?(?=\w+ing\b)", r"\1 "),
    (rf"\b{_SMILES}{_TO_WHOM},? (?:and|while) (?=\w+ing\b)", ""),
    (rf"(?:,? and|,|,? while)? ?\b(?:(?:both|is|are|was|were|all) )*{_SMILES}{_TO_WHOM}", ""),
    (rf"\b{_SMILE}{_TO_WHOM},? and ", ""),
    (rf"(?:,? and|,)? ?(?<!a ){_SMILE}{_TO_WHOM}(?= and|[,.;]|$| while| as| in )", ""),
    (rf"\b(is|are)(?: \w+ly)? {_LINKED},? (?:and|while) (?=\w+ing\b)", r"\1 "),
    (
        rf"(?:,? and)? ?\b(?:is|are|was|were|looks?|looking|appears?|seems?|feels?|feeling)(?: to be)?(?:"
        rf" (?:very|quite|so|rather|slightly|both|in))* {_LINKED}(?: (?:and|with) (?:focused|attentive))?",
        "",
    ),
    (rf"\b{MOODS},? (?:and )?", ""),
)
SOMEONE = _rules(
    (r"\b(?:policeman|policewoman)\b", "police officer"),
    (r"\b(?:policemen|policewomen)\b", "police officers"),
    (r"\bfireman\b", "firefighter"),
    (r"\bfiremen\b", "firefighters"),
    (r"\bwaitress\b", "waiter"),
    (
        rf"\b(?:a|an|one) {_NOUN}, (?:a|an|one|another) {_NOUN},? and (?:a|an|one|another|{_OWN}) {_NOUN}",
        "three people",
    ),
    (
        rf"\b(?:a|an|one) {_NOUN}(?:,? and|,? with) (?:a|an|one|another|his|her|their)(?: \w+)? (?:{_NOUN}"
        rf"|{any_of(_KIN)})(?!{_CARE})",
        "two people",
    ),
    (rf"\b{_NOUNS} and {_NOUNS}", "people"),
    (rf"\b(?:a|an|one) {_NOUN} and {_NOUN}", "two people"),
    (rf"\bthe {_NOUN} and (?:the )?{_NOUN}", "the two people"),
    (rf"\b(?:his|her|their) {any_of(_KIN)}", "another person"),
    (r"\bfamily of (?=\w+\b)(\w+)\b", r"\1 people"),
    (r"\ba (?=(?:two|three|four|five|six|seven) people)", ""),
    (r"\bthe (?:happy |young )?(?:couple|pair)\b(?! of)", "the two people"),
    (r"\ba (?:happy |young )?couple\b(?! of)", "two people"),
    (r"\ba family\b", "several people"),
    (r"\bthe family\b", "the people"),
    (rf"{MANY}(?!-)", "people"),
    (rf"{ONE}(?!-)(?!{_CARE})", "person"),
    (r"\bperson (?=person\b)", ""),
    (rf"\b({_NUMBER}) person\b", r"\1 people"),
    (r"(\w+ people): \1", r"\1"),
    (r"\b(person|people), (?=(?:is|are|was|were)\b)", r"\1 "),
    (r"\bAn (?=person)", "A "),
    (r"\ban (?=person)", "a "),
)
PRONOUNS = _rules(
    (r"\b(?:he|she)['’]s\b", "they are"),
    (r"\b(?:he|she) (also |now |still )?is\b", r"they \1are"),
    (r"\b(?:he|she) (also |now |still )?was\b", r"they \1were"),
    (r"\b(?:he|she) (also |now |still )?has\b", r"they \1have"),
    (r"\b(?:he|she) (also |now |still )?does\b", r"they \1do"),
    (r"\b(?:he|she) or (?:he|she)\b", "they"),
    (r"\b(?:he|she)\b", "they"),
    (r"\b(?:himself|herself)\b", "themselves"),
    (r"\bhim\b", "them"),
    (r"\b(?:his|hers)(?=[.,;]|$| (?:is|are|and)\b)", "theirs"),
    (r"\bhis\b", "their"),
    (r"\bher(?=[.,;]|$| (?:is|are|and|with|while|in|on|at|to|from|as|by|from behind|\w+ing)\b)", "them"),
    (r"\bher\b", "their"),
)
JOINED = re.compile(rf"\b(person|people|they),? and (?=(?:is|are|was|were|has|have|{_VERBS})\b)", re.IGNORECASE)
"""A subject whose first verb is gone."""
SECOND = re.compile(
    rf"\b(and(?: also| then)?) (?!watches|faces|covers)({'|'.join(v for v in VERB_FORMS if v.endswith('s'))})\b"
)
"""Another verb of the same subject."""
SUMMED = re.compile(
    r"\b(an?|one|two|three|four|five)(?: other)? (?:person|people)(?:,? and|,) (an?|one|another|two|three"
    r"|four)(?: other)? "
    r"(?:person|people)\b",
    re.IGNORECASE,
)
BANNED = re.compile(
    rf"{ONE}(?!{_CARE})|{MANY}|{MOODS}|{_SMILES}|{_SMILE}|\b(?:he|she|his|her|him|hers|himself|herself|elderly"
    rf"|middle-aged|teenage|husband|wife|son|daughter|grandson|granddaughter|girlfriend|boyfriend)\b|\byears? old\b"
    rf"|\bin {_OWN} (?:early |late |mid-?)*{_DECADE}\b",
    re.IGNORECASE,
)
"""Words of which none may be left."""
IDLE = re.compile(
    r"\b(?:atmosphere|mood|ambian?ce|vibe|emotions?|emotional|suggests?|suggesting|indicates?|conveys?|evokes?|overall"
    r"|impression|sense of|unclear|cannot be determined|not possible|resolution|likely a|context)\b",
    re.IGNORECASE,
)
"""Sentences that judge or guess rather than tell what is there."""
SINGULAR = re.compile(rf"\b(they(?: also| now| still)?) ({_VERBS}|\w+s)\b", re.IGNORECASE)
"""A verb that must follow the number of its subject."""
