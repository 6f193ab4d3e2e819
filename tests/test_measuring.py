"""What benchmarks count by: a change needs a message of its own, and a node is back when it is online."""

from __future__ import annotations

from math import inf

import pytest

from tests.benchmarks.events import by_chance, matched
from tests.benchmarks.gate import Change
from tests.restarting import Reader

ONLINE, OFFLINE = b'{"state":"online"}', b'{"state":"offline"}'


def test_one_message_reports_one_change() -> None:
    labelled = [Change(10.0, 1.0), Change(11.0, 1.0)]
    assert matched(labelled, [10.5]) == {labelled[0]: 0}
    assert len(matched(labelled, [10.5, 10.6])) == 2


@pytest.mark.parametrize(("at", "reports"), [(8.9, False), (9.0, True), (12.0, True), (12.1, False)])
def test_a_message_reports_what_is_labelled_at_its_time(at: float, reports: bool) -> None:
    assert bool(matched([Change(10.0, 1.0)], [at])) == reports


def test_a_message_is_left_to_the_change_that_no_other_fits() -> None:
    wide, narrow = Change(10.0, 2.0), Change(10.0, 0.0)
    assert matched([wide, narrow], [9.0, 10.5]).keys() == {wide, narrow}
    assert matched([wide, narrow], [10.5, 12.5]) == {narrow: 0, wide: 1}


def test_messages_all_the_time_report_everything_by_chance_and_a_single_one_little() -> None:
    labelled = [Change(10.0), Change(20.0)]
    assert set(by_chance(labelled, [number / 2 for number in range(80)], 40.0)) == {2}
    assert sum(by_chance(labelled, [10.0, 20.0], 40.0)) <= 4


def test_a_node_is_back_once_it_is_online() -> None:
    reader = Reader(states=[(ONLINE, 1.0), (OFFLINE, 2.0), (OFFLINE, 3.0)])
    assert next(iter(reader.online_since(1)), inf) == inf
    reader.take("omni/home/status", ONLINE)
    reader.take("omni/home/status", OFFLINE)
    assert reader.online_since(1) == [reader.states[3][1]]
