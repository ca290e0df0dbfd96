"""Waiting for something to become true, instead of sleeping."""
import time


def until(condition, what, within=60.0, every=0.02):
    """Returns what `condition()` returns as soon as that is true; fails with `what` (text, or a function that makes one)."""
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:g} s for: {what() if callable(what) else what}")
        time.sleep(every)


def holds_for(condition, seconds, what, every=0.02):
    """Watches that `condition()` stays true for so long: for what must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), what() if callable(what) else what
        time.sleep(every)
