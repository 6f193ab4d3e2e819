"""The speech policy against any story: what goes first, what is never said, and how much is said in any minute."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipelines.policy import FACTS, MINUTE, MOST, SpeechOptions, SpeechPolicy, Taste, count
from pipelines.remarks import LEVELS, TOPICS, Priority, Remark
from tests.speech import Said, Talk

ALL = [*Priority]
QUARTERS = st.integers(0, 80).map(lambda quarters: quarters / 4)
"""Seconds, none of which is rounded."""


def words(number: int) -> str:
    return " ".join(["word"] * number)


def remark(text: str = "a cup", priority: Priority = Priority.CAPTION, at: float = 1000.0, **more: Any) -> Remark:
    return Remark(text, priority, at, **more)


@st.composite
def remarks(draw: st.DrawFn) -> Remark:
    """Of the last seconds; of few things, so that they meet."""
    length = draw(st.integers(1, 14))
    return Remark(
        words(length),
        draw(st.sampled_from(ALL)),
        -draw(st.integers(0, 20)) / 4,
        topic=draw(st.sampled_from([None, *TOPICS])),
        brief=words(draw(st.integers(1, length))) if draw(st.booleans()) else "",
        key=draw(st.sampled_from(["", "door", "cup", "person 1"])),
        fact=draw(st.sampled_from(["", *"abcdefgh"])),
        cooldown=draw(st.sampled_from([0.0, 2.0, 30.0])),
        asked=draw(st.booleans()) and draw(st.booleans()),
        lasting=draw(st.booleans()) and draw(st.booleans()),
    )


class Story(RuleBasedStateMachine):
    """Anything that may happen, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = Talk()

    @initialize(low=st.integers(5, 30), normal=st.integers(30, 75), high=st.integers(75, 150), resume=st.booleans())
    def begin(self, low: int, normal: int, high: int, resume: bool) -> None:
        self.talk = Talk(SpeechOptions(low=low, normal=normal, high=high, resume=resume))

    @rule(offered=remarks())
    def offer(self, offered: Remark) -> None:
        taste, now = self.talk.taste, self.talk.now
        taken = self.talk.offer(replace(offered, at=now + offered.at))
        if taken and not offered.asked and offered.priority is not Priority.HAZARD:
            assert not taste.quiet
            assert not taste.paused
            off = taste.level == "off" or offered.topic not in (None, *taste.topics)
            assert offered.priority is Priority.ANSWER or not off

    @rule(seconds=QUARTERS)
    def wait(self, seconds: float) -> None:
        self.talk.wait(seconds)

    @rule(talking=st.booleans())
    def talk_or_not(self, talking: bool) -> None:
        self.talk.talking = talking
        self.talk.settle()

    @precondition(lambda self: self.talk.running)
    @rule(last=st.booleans())
    def cut(self, last: bool) -> None:
        self.talk.cut(self.talk.running[-1 if last else 0])
        self.talk.settle()

    @rule()
    def hush(self) -> None:
        self.talk.hush()

    @rule(key=st.sampled_from(["door", "cup"]))
    def withdraw(self, key: str) -> None:
        self.talk.policy.withdraw(key)
        self.talk.settle()

    @rule(level=st.sampled_from(LEVELS), topics=st.sets(st.sampled_from(TOPICS)), flags=st.integers(0, 8))
    def set(self, level: Any, topics: set[Any], flags: int) -> None:
        """Mostly neither quiet nor paused."""
        self.talk.policy.taste = Taste(level, frozenset(topics), flags == 1, flags == 2)
        self.talk.settle()

    @invariant()
    def only_the_more_urgent_is_said_over_the_less_urgent(self) -> None:
        urgency = [one.remark.priority for one in self.talk.running]
        assert all(before < after for before, after in pairwise(urgency))
        assert [one.waits for one in self.talk.running] == [True] * (len(urgency) - 1) + [False] * bool(urgency)
        if len(urgency) > 1:
            assert urgency == [Priority.ANSWER, Priority.HAZARD]
            assert self.talk.options.resume

    @invariant()
    def what_is_said_gives_way_to_what_is_more_urgent_and_an_answer_goes_on_after_a_hazard(self) -> None:
        for said in self.talk.all:
            assert all(urgent > said.remark.priority for urgent in said.gave_way_to)
            pair = [(said.remark.priority, urgent) for urgent in said.gave_way_to]
            resumes = self.talk.options.resume and set(pair) == {(Priority.ANSWER, Priority.HAZARD)}
            assert len(pair) <= 1 or resumes, "what was cut is not said on"
            assert not said.waits or resumes

    @invariant()
    def nothing_less_urgent_is_said_while_what_is_more_urgent_could_be(self) -> None:
        speaks = self.talk.speaks or 0
        for one in self.talk.policy.waiting:
            if one.priority > speaks and self._could_begin(one):
                raise AssertionError(f"{one} waits for {speaks}")

    def _could_begin(self, one: Remark) -> bool:
        """As the conversation would have it, were it alone."""
        talk = self.talk
        if talk.talking and one.priority is not Priority.HAZARD:
            return False
        keys = [said.began for said in talk.all if said.remark.key == one.key and (said.heard or said.ended is None)]
        if one.key and not one.asked and talk.now < max(keys, default=-99.0) + one.cooldown:
            return False
        others = sum(count(w.text) for w in talk.policy.waiting if w.priority > one.priority and not w.free)
        left = talk.options.budget(talk.taste.level) - talk.words_between(talk.now - MINUTE, talk.now + 1) - others
        return one.free or min(count(text) for text in (one.text, one.brief) if text) <= left

    @invariant()
    def nothing_begins_after_it_has_expired(self) -> None:
        for said in self.talk.all:
            assert said.remark.expires_at is not None
            assert said.began < said.remark.expires_at
        for one in self.talk.policy.waiting:
            assert one.expires_at is not None
            assert self.talk.now < one.expires_at

    @invariant()
    def no_fact_is_told_twice_unless_somebody_asks(self) -> None:
        unasked = Counter(said.remark.fact for said in self._told() if said.remark.fact and not said.remark.asked)
        assert all(number == 1 for number in unasked.values())
        for said in self._told():
            if said.remark.fact and not said.remark.asked:
                before = [one for one in self._told() if one.remark.fact == said.remark.fact and one is not said]
                assert all(one.began >= said.began for one in before), "it was told by then"

    def _told(self) -> list[Said]:
        return [one for one in self.talk.all if one.heard * 2 >= count(one.remark.text)]

    @invariant()
    def cooldowns_are_kept(self) -> None:
        for said in self.talk.all:
            if said.remark.key and not said.remark.asked:
                before = [one.began for one in self._of(said.remark.key) if one.began < said.began]
                assert all(said.began - began >= said.remark.cooldown for began in before)

    def _of(self, key: str) -> list[Said]:
        return [one for one in self.talk.all if one.remark.key == key and one.heard]

    @invariant()
    def no_minute_up_to_a_word_holds_more_than_the_level_of_that_word_allows(self) -> None:
        for said in self.talk.all[-3:]:
            if not said.remark.free:
                whole = count(said.remark.text)
                heard = max(said.heard, 0 if said.ended is not None else whole)
                before = self._words(said.began - MINUTE, said)
                assert before + heard <= said.budget

    def _words(self, start: float, until: Said) -> int:
        earlier = self.talk.all[: self.talk.all.index(until)]
        return sum(one.heard for one in earlier if not one.remark.free and (one.ended is None or one.ended > start))

    @invariant()
    def nothing_begins_while_somebody_talks_but_a_hazard(self) -> None:
        assert {one.remark.priority for one in self.talk.all if one.talking} <= {Priority.HAZARD}

    @invariant()
    def all_that_is_offered_is_waiting_said_or_dropped_once(self) -> None:
        talk = self.talk
        ended = [one for one in talk.all if one.ended is not None]
        unheard = sum(1 for one in ended if not one.heard)
        known = len(talk.policy.waiting) + len(talk.dropped) + len(talk.all) - unheard
        assert known == len(talk.offered)

    def teardown(self) -> None:
        """At the end nothing is left over."""
        for one in [*self.talk.running]:
            self.talk.cut(one)
        self.talk.policy.close()
        self.talk.settle()
        assert not self.talk.policy.waiting
        self.all_that_is_offered_is_waiting_said_or_dropped_once()
        assert not self.talk.offer(remark(at=self.talk.now))


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


Offered = tuple[float, Remark]
"""Seconds to wait, and what is offered then."""


def played(script: list[Offered], options: SpeechOptions, level: Any = "normal", over: float = 0.0) -> Talk:
    """`over`: after how many seconds somebody ends everything that is being said, each time."""
    talk = Talk(options)
    talk.taste.level = level
    for seconds, one in script:
        talk.wait(seconds)
        talk.offer(replace(one, at=talk.now + one.at))
        if over and talk.running and talk.now - talk.running[-1].began > over:
            talk.cut(talk.running[-1])
    talk.wait(2 * MINUTE)
    return talk


@settings(deadline=None)
@given(
    st.lists(st.tuples(QUARTERS, remarks()), min_size=20, max_size=120),
    st.sampled_from(LEVELS),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_in_no_minute_whatever_more_is_said_unasked_than_the_level_allows(
    script: list[Offered], level: Any, over: float
) -> None:
    options = SpeechOptions(low=12, normal=25, high=40)
    talk = played([(seconds / 4, replace(one, cooldown=0.0)) for seconds, one in script], options, level, over)
    assert talk.fullest()[0] <= options.budget(level)


@settings(deadline=None)
@given(st.lists(st.tuples(QUARTERS, remarks()), max_size=60), st.sampled_from(ALL[1:]))
def test_what_is_less_urgent_delays_nothing(script: list[Offered], least: Priority) -> None:
    """Without it, all the rest is begun at the same moments."""
    rich = SpeechOptions(normal=400)
    apart = [(seconds, replace(one, fact="", key="", topic=None)) for seconds, one in script]
    whole = played(apart, rich)
    pause, without = 0.0, list[Offered]()
    for seconds, one in apart:
        pause += seconds
        if one.priority >= least:
            without.append((pause, one))
            pause = 0.0
    assume(whole.words_between(0, 1e9) < 400)

    def begun(talk: Talk) -> list[tuple[float, str, Priority]]:
        return [(one.began, one.remark.text, one.remark.priority) for one in talk.all if one.remark.priority >= least]

    assert begun(whole) == begun(played(without, rich))


def taken(policy: SpeechPolicy, now: float, **more: Any) -> str | None:
    """Begun, and heard to its end at once."""
    one = policy.take(now, **more)
    if one is not None:
        policy.done(one, one.text, now)
    return one.text if one else None


def why(policy: SpeechPolicy) -> list[str]:
    dropped, policy.dropped = policy.dropped, []
    return [reason for _, reason in dropped]


def test_urgency_is_in_this_order_and_the_newest_of_what_is_seen_goes_first() -> None:
    policy = SpeechPolicy()
    for number, priority in enumerate([*ALL, *ALL]):
        policy.offer(remark(f"{priority.word} {number}", priority, at=1000 + number / 10), 1001)
    order = []
    while (text := taken(policy, 1001.5)) is not None:
        order.append(text)
    assert order == ["hazard 4", "hazard 9", "answer 3", "answer 8", "caption 7", "caption 2"]
    assert why(policy) == ["outranked"] * 4, "small changes are lost where anything else is said"


@pytest.mark.parametrize(("priority", "lasts"), [(5, 5.0), (3, 6.0), (2, 3.0), (1, 2.0)])
def test_what_was_not_begun_in_time_is_never_said(priority: int, lasts: float) -> None:
    policy = SpeechPolicy()
    assert policy.offer(remark("one", Priority(priority)), 1000)
    assert policy.deadline(1000) == 1000 + lasts
    assert taken(policy, 1000 + lasts) is None
    assert why(policy) == ["expired"]
    assert not policy.offer(remark("late", Priority(priority), at=1000), 1000 + lasts)
    assert why(policy) == ["expired"]


def test_an_answer_waits_as_long_as_it_takes() -> None:
    policy = SpeechPolicy()
    policy.offer(remark("The tea is ready.", Priority.ANSWER), 1000)
    assert policy.deadline(1000) is None
    assert taken(policy, 9000) == "The tea is ready."


def test_what_comes_too_late_takes_the_place_of_nothing() -> None:
    policy = SpeechPolicy()
    policy.offer(remark("new", at=1008, key="door"), 1008)
    assert not policy.offer(remark("expired", at=1000, key="door"), 1008)
    assert not policy.offer(remark("older", at=1006, key="door"), 1008)
    assert why(policy) == ["expired", "newer"]
    assert policy.offer(remark("newest", at=1009, key="door"), 1009)
    assert (taken(policy, 1009), why(policy)) == ("newest", ["newer"])


def test_pictures_of_a_time_to_come_expire_like_others() -> None:
    policy = SpeechPolicy()
    policy.offer(remark(at=5000), 1000)
    assert policy.deadline(1000) == 1006


def test_a_fact_is_told_once_but_one_of_which_less_than_half_was_heard_is_told_again() -> None:
    policy = SpeechPolicy()
    for heard, again in (("", True), ("a", True), ("a cup", True), ("a cup is", False)):
        assert policy.offer(remark("a cup is here now", fact="cup"), 1000) is True
        (one,) = [policy.take(1000)]
        assert one is not None
        assert not policy.offer(remark("a cup is here now", fact="cup"), 1000), "it is being said"
        policy.done(one, heard, 1000)
        assert policy.offer(remark("x", fact="cup"), 1000) is again
        policy.hush()
    assert policy.offer(remark("a cup, as you asked", fact="cup", asked=True), 1001)


def test_what_was_told_stays_told_though_its_repetition_is_cut() -> None:
    policy = SpeechPolicy()
    policy.offer(remark(fact="cup"), 1000)
    assert taken(policy, 1000)
    policy.offer(remark(fact="cup", asked=True), 1001)
    again = policy.take(1001)
    assert again is not None
    policy.done(again, "", 1001)
    assert not policy.offer(remark(fact="cup"), 1002)
    assert why(policy) == ["cut", "told already"]


def test_a_fact_that_waits_is_not_said_after_somebody_asked_for_it() -> None:
    policy = SpeechPolicy()
    policy.offer(remark("unasked", fact="cup"), 1000)
    policy.offer(remark("asked", fact="cup", asked=True, priority=Priority.ANSWER), 1000)
    assert taken(policy, 1000) == "asked"
    assert taken(policy, 1000) is None


def test_what_waits_for_its_cooldown_is_not_said_where_somebody_heard_it_meanwhile() -> None:
    policy = SpeechPolicy(SpeechOptions(caption=60))
    policy.offer(remark("The door.", key="door"), 1000)
    assert taken(policy, 1000)
    policy.offer(remark("It is open.", key="door", fact="open", cooldown=10.0), 1001)
    policy.offer(remark("As you asked: open.", Priority.CHANGE, at=1001, fact="open", asked=True), 1001)
    assert taken(policy, 1001) == "As you asked: open."
    assert taken(policy, 1010) is None
    assert why(policy) == ["told already"]


def test_a_hazard_does_not_wait_for_a_caption_of_the_same() -> None:
    policy = SpeechPolicy()
    policy.offer(remark("A car.", fact="car"), 1000)
    assert policy.offer(remark("Watch out, a car.", Priority.HAZARD, fact="car"), 1000)
    assert (taken(policy, 1000, talking=True), why(policy)) == ("Watch out, a car.", ["newer"])


def test_words_that_are_cut_are_not_paid_for_by_another() -> None:
    """What cuts is taken before it is told that the other is over."""
    policy = SpeechPolicy(SpeechOptions(low=20), Taste("low"))
    policy.offer(remark(words(10), Priority.CHANGE), 1000)
    cut = policy.take(1000)
    policy.offer(remark(words(9)), 1001)
    cuts = policy.take(1001, speaking=Priority.CHANGE)
    assert cut
    assert cuts
    policy.done(cut, words(2), 1001)
    assert policy.spent(1001) == 11
    policy.done(cuts, words(9), 1005)
    assert [policy.spent(now) for now in (1060.5, 1061, 1064.5, 1065)] == [11, 9, 9, 0]


def test_nothing_less_urgent_takes_the_words_of_what_waits() -> None:
    policy = SpeechPolicy(SpeechOptions(low=20, caption=30), Taste("low"))
    policy.offer(remark(words(12)), 1000)
    assert taken(policy, 1000)
    policy.offer(remark("long " * 10, at=1040), 1040)
    policy.offer(remark("two words", Priority.CHANGE, at=1040), 1040)
    assert policy.take(1040) is None
    assert policy.deadline(1040) == 1043, "the change expires"
    assert taken(policy, 1060) == "long " * 10
    assert why(policy) == ["expired"]


def test_where_there_is_no_room_for_all_of_it_fewer_words_do() -> None:
    policy = SpeechPolicy(SpeechOptions(low=8), Taste("low"))
    policy.offer(remark("A person is coming in on your left.", brief="Person, left.", fact="p1"), 1000)
    policy.offer(remark("A person is going out on your right.", brief="One left.", fact="p2", at=1001), 1001)
    assert taken(policy, 1001) == "A person is going out on your right."
    assert taken(policy, 1001) is None
    assert taken(policy, 1006) is None
    assert why(policy) == ["no words left"]


def test_it_is_awake_when_there_are_words_again_and_when_a_cooldown_is_over() -> None:
    for began in (1000.1, 1234.567, 9876.54321):
        policy = SpeechPolicy(SpeechOptions(low=5, caption=120), Taste("low"))
        policy.offer(remark(words(5), at=began, key="door"), began)
        assert taken(policy, began)
        policy.offer(remark(words(5), at=began + 1, key="door", cooldown=30.3), began + 1)
        first = policy.deadline(began + 1)
        assert first == began + 30.3
        assert policy.take(first) is None
        again = policy.deadline(first)
        assert again == began + MINUTE
        assert taken(policy, again), "and at that very moment they are there"


@pytest.mark.parametrize(
    ("taste", "said"),
    [
        (Taste("off"), ["hazard", "answer", "asked"]),
        (Taste(quiet=True), ["hazard", "asked"]),
        (Taste(paused=True), ["hazard", "asked"]),
        (Taste(topics=frozenset({"text"})), ["hazard", "answer", "text", "asked", "no topic"]),
        (Taste(), ["hazard", "answer", "text", "people", "asked", "no topic"]),
    ],
)
def test_what_nobody_wants_to_hear_at_present_is_not_said(taste: Taste, said: list[str]) -> None:
    offered = {
        "hazard": remark(priority=Priority.HAZARD, topic="objects"),
        "answer": remark(priority=Priority.ANSWER),
        "text": remark(topic="text"),
        "people": remark(topic="people"),
        "asked": remark(topic="people", asked=True),
        "no topic": remark(),
    }
    assert [name for name, one in offered.items() if SpeechPolicy(taste=taste).offer(one, 1000)] == said
    later = SpeechPolicy()
    for one in offered.values():
        later.offer(one, 1000)
    later.taste = taste
    later.take(1000, talking=True)
    assert len(later.waiting) + ("hazard" in said) == len(said)


@pytest.mark.parametrize("resume", [True, False])
def test_an_answer_is_held_for_a_hazard_and_all_else_ends_where_something_more_urgent_begins(resume: bool) -> None:
    policy = SpeechPolicy(SpeechOptions(resume=resume))
    pairs = [(said, urgent) for said in ALL for urgent in ALL if policy.holds(said, urgent)]
    assert pairs == ([(Priority.ANSWER, Priority.HAZARD)] if resume else [])


def test_what_is_said_is_not_ended_by_its_like() -> None:
    for priority in ALL:
        policy = SpeechPolicy()
        policy.offer(remark(priority=priority), 1000)
        assert [policy.take(1000, speaking=one) is None for one in ALL if one >= priority] == [True] * (6 - priority)


def test_what_is_not_true_any_more_is_withdrawn_by_its_key() -> None:
    policy = SpeechPolicy()
    for key in ("door", "cup", ""):
        policy.offer(remark(key=key), 1000)
    policy.withdraw("door")
    policy.withdraw("")
    assert [one.key for one in policy.waiting] == ["cup", ""]


def test_hushed_it_forgets_all_but_hazards_and_what_lasts() -> None:
    policy = SpeechPolicy()
    for one in (remark(), remark(priority=Priority.HAZARD), remark(priority=Priority.ANSWER, lasting=True)):
        policy.offer(one, 1000)
    policy.hush()
    assert [one.priority.word for one in policy.waiting] == ["hazard", "answer"]


def test_of_too_much_that_is_seen_the_oldest_is_left_out_and_of_what_is_asked_the_newest() -> None:
    policy = SpeechPolicy()
    assert all(policy.offer(remark(f"{number}"), 1000) for number in range(MOST + 1))
    assert [one.text for one, _ in policy.dropped] == ["0"]
    taken = [policy.offer(remark(f"{number}", Priority.ANSWER), 1000) for number in range(MOST + 1)]
    assert taken == [True] * MOST + [False]
    assert policy.offer(remark(priority=Priority.ANSWER, lasting=True), 1000)


def test_what_it_remembers_has_an_end() -> None:
    policy = SpeechPolicy(SpeechOptions(high=400), Taste("high"))
    for number in range(FACTS + 10):
        policy.offer(remark("a", at=number, fact=f"{number}", key=f"{number}"), number)
        assert taken(policy, number)
    assert len(policy._told) == len(policy._last) == FACTS
    assert len(policy._spoken) <= MINUTE + 1


@pytest.mark.parametrize(
    ("text", "number"), [("", 0), ("one", 1), ("A cup, on your left.", 5), ("一个人在左边", 3), ("看到 EXIT 的字", 3)]
)
def test_words_are_counted_as_they_are_heard(text: str, number: int) -> None:
    assert count(text) == number


def test_a_text_that_is_too_long_for_a_whole_minute_is_cut_to_the_sentences_that_fit() -> None:
    policy = SpeechPolicy(SpeechOptions(low=10), Taste("low"))
    long = f"A room. {words(7)}. {words(20)}."
    assert policy.offer(remark(long), 1000.0)
    taken = policy.take(1000.0)
    assert taken is not None
    assert taken.text == f"A room. {words(7)}."


@pytest.mark.parametrize("more", [{}, {"brief": words(20)}])
def test_one_sentence_that_is_too_long_is_refused_at_once_and_holds_up_nothing(more: dict[str, str]) -> None:
    policy = SpeechPolicy(SpeechOptions(low=10), Taste("low"))
    assert not policy.offer(remark(words(40), **more), 1000.0)
    assert [why for _, why in policy.dropped] == ["no words left"]
    assert policy.offer(remark("a small change", Priority.CHANGE), 1000.0)
    assert policy.take(1000.0) is not None


def test_what_became_too_long_while_it_waited_holds_up_nothing_either() -> None:
    policy = SpeechPolicy(SpeechOptions(low=10), Taste("high"))
    assert policy.offer(remark(words(40)), 1000.0)
    assert policy.offer(remark(words(30), brief="a chair", at=999.0), 1000.0)
    assert policy.offer(remark("a small change", Priority.CHANGE), 1000.0)
    policy.taste = Taste("low")
    taken = policy.take(1000.0)
    assert taken is not None
    assert taken.text == "a chair"
    assert [(one.text, why) for one, why in policy.dropped] == [
        (words(40), "no words left"),
        ("a small change", "outranked"),
    ]


def test_of_another_scene_all_that_waits_unasked_is_forgotten_by_its_camera_and_hazards_too() -> None:
    policy = SpeechPolicy()
    kept = [
        remark("asked", Priority.ANSWER, camera="desk", asked=True),
        remark("lasts", Priority.ANSWER, camera="desk", lasting=True),
        remark("elsewhere", Priority.HAZARD, camera="door"),
        remark("dinner", Priority.ANSWER),
    ]
    lost = [remark(f"{priority.word} ahead", priority, camera="desk", key="one key") for priority in ALL]
    for one in [*kept, *lost]:
        policy.offer(one, 1000.0)
    policy.dropped.clear()
    policy.forget("desk")
    assert {one.text for one in policy.waiting} == {one.text for one in kept}
    assert {why for _, why in policy.dropped} == {"withdrawn"}


def test_while_an_answer_is_thought_about_only_that_it_takes_a_while_is_said() -> None:
    policy = SpeechPolicy()
    still = remark("a moment", Priority.WORKING, asked=True)
    for one in (remark("pictures are smaller", Priority.WORKING), remark(), remark("dinner", Priority.ANSWER), still):
        policy.offer(one, 1000.0)
    taken = policy.take(1000.0, thinking=True)
    assert taken is not None
    assert taken.text == "a moment"
    assert policy.take(1000.0, thinking=True, speaking=Priority.WORKING) is None
    policy.offer(remark("a car", Priority.HAZARD), 1000.0)
    hazard = policy.take(1000.0, thinking=True, speaking=Priority.WORKING)
    assert hazard is not None
    assert hazard.text == "a car"


def test_what_was_heard_by_half_counts_as_told() -> None:
    told = remark("a cup and a plate")
    assert [told.was_heard(heard) for heard in ("", "a cup", "a cup and", "a cup and a plate")] == [
        False, False, True, True,
    ]  # fmt: skip
    assert not remark("").was_heard("")
