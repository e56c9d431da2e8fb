"""What is done behind other work is done whole, in order, and what goes wrong there is heard of."""

import threading

import pytest

from zoo.core.behind import Behind


def fail():
    raise OSError("full")


def test_one_piece_of_work_at_a_time_in_order():
    done, go = [], threading.Event()
    with Behind() as behind:
        behind.do(lambda: go.wait() and done.append("first"))
        behind.look()
        assert not done  # and we did not wait for it
        behind.do(lambda: done.append("second"))
        assert not done  # nor for what is before it
        go.set()
        behind.wait()
        assert done == ["first", "second"]
        behind.do(lambda: done.append("third"))
    assert done == ["first", "second", "third"]


def test_what_went_wrong_is_raised_where_it_is_asked_for_and_nothing_follows_it():
    done = []
    with Behind() as behind:
        behind.do(fail)
        behind.do(lambda: done.append("what tells of the first"))
        with pytest.raises(OSError, match="full"):
            behind.wait()
        behind.do(lambda: done.append("another"))
    assert done == ["another"]
    with pytest.raises(OSError, match="full"), Behind() as behind:
        behind.do(fail)


def test_it_hides_nothing_that_is_on_its_way_out():
    done = []

    def stopped():
        with Behind() as behind:
            behind.do(lambda: done.append("written") or fail())
            raise KeyError

    with pytest.raises(KeyError):
        stopped()
    assert done
