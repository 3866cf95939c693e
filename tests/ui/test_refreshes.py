"""Refreshes come in turn: never more at once than allowed, and nobody passes by."""

import threading

import pytest

from ui.refreshes import Turns


def test_so_many_at_once_in_the_order_of_their_coming() -> None:
    turns, order, inside, most = Turns(2), [], threading.Semaphore(0), [0, 0]
    go_on = threading.Semaphore(0)
    lock = threading.Lock()

    def come(number: int) -> None:
        with turns.turn():
            with lock:
                order.append(number)
                most[0] += 1
                most[1] = max(most)
            inside.release()
            go_on.acquire()
            with lock:
                most[0] -= 1

    threads = []
    for number in range(8):
        threads.append(threading.Thread(target=come, args=(number,)))
        threads[-1].start()
        if number < 2:
            inside.acquire()
        else:  # until it stands in the line
            while len(turns._waiting) < number - 1:
                pass
    for number in range(8):
        go_on.release()
        if number < 6:
            inside.acquire()
    for thread in threads:
        thread.join()
    assert order == list(range(8))
    assert most[1] == 2


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), turns.turn():
            raise ValueError("x")
