"""A thread for blocking work: results and errors arrive, and it lets go of what it worked with."""

from __future__ import annotations

import threading
import weakref

import pytest

from devices.threads import DaemonThread, apart


class Model:
    def answer(self, question: str) -> str:
        if not question:
            raise ValueError("no question")
        return question.upper()


def test_results_and_errors_arrive_in_order() -> None:
    thread, model = DaemonThread("model"), Model()
    jobs = [thread.submit(model.answer, question) for question in ("a", "", "b")]
    assert (jobs[0].result(5), jobs[2].result(5)) == ("A", "B")
    with pytest.raises(ValueError, match="no question"):
        jobs[1].result(5)


def test_a_thread_that_waits_holds_nothing_of_what_it_did() -> None:
    """Else the model would end in that thread, and with its own threads still running abort the process at its end."""
    thread, model = DaemonThread("model"), Model()
    held = weakref.ref(model)
    for _ in range(100):
        assert thread.submit(model.answer, "a").result(5) == "A"
    del model
    assert held() is None


@pytest.mark.real_time
async def test_what_is_done_apart_has_a_thread_of_its_own_which_ends_with_it() -> None:
    thread = await apart("alone", threading.current_thread)
    assert (thread.name, thread.daemon) == ("alone", True)
    thread.join(5)
    assert not thread.is_alive()
