"""The two equations that hold at every moment, and the ledger of numbered records at a receiver."""
import threading
from collections import defaultdict


def balance(status):
    """Fails unless every message and every record is in exactly one place."""
    messages = status["messages"]
    fates = sum(messages[fate] for fate in ("understood", "ignored", "quarantined", "redelivered"))
    assert messages["received"] == fates, f"messages do not add up: {messages}"
    assert messages["received"] == sum(messages["by_qos"].values()), f"messages by QoS do not add up: {messages}"
    for cloud in status["clouds"]:
        places = (cloud["delivered"] + cloud["rejected"] + cloud["skipped"] + sum(cloud["dropped"].values())
                  + cloud["backlog"]["records"])
        assert cloud["stored"] == places, f"records of {cloud['name']} do not add up: {cloud}"
    return status


class Watch:
    """Polls the gateway's status while a test runs, whatever becomes of the gateway, and keeps the first imbalance."""

    def __init__(self, gateway, every=0.05):
        self.gateway, self.every = gateway, every
        self.polls, self.backlog_most, self.rss_anon_most, self.wrong = 0, 0, 0, None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._end.wait(self.every):
            try:
                status = self.gateway.status_unchecked()
                self.rss_anon_most = max(self.rss_anon_most, self.gateway.rss_anon())
            except (OSError, ValueError):
                continue  # it is down: that is what some tests do to it
            self.polls += 1
            self.backlog_most = max([self.backlog_most, *(c["backlog"]["records"] for c in status["clouds"])])
            try:
                balance(status)
            except AssertionError as wrong:
                self.wrong = self.wrong or wrong

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(10)
        assert self.wrong is None, f"after {self.polls} polls: {self.wrong}"
        assert self.polls > 0, "the status was never seen"


class Ledger:
    """What arrived, by the number in each record. Numbers are unique; ids are given once. Records without a number, such as
    the gateway's own notices, are not in it."""

    def __init__(self, arrivals):
        self.ids_of = defaultdict(set)
        self.first_of = {}
        arrivals = [arrival for arrival in arrivals if arrival.number is not None]
        for place, arrival in enumerate(arrivals):
            self.ids_of[arrival.number].add(arrival.id)
            self.first_of.setdefault(arrival.number, (place, arrival.device))
        self.repeats = len(arrivals) - sum(len(ids) for ids in self.ids_of.values())

    def lost(self, count, first=0):
        return [number for number in range(first, first + count) if number not in self.ids_of]

    def under_two_ids(self):
        return {number: ids for number, ids in self.ids_of.items() if len(ids) > 1}

    def out_of_order(self):
        """Numbers that came to the receiver, for the first time, after a later one of their device."""
        latest, wrong = {}, []
        for number, (_, device) in sorted(self.first_of.items(), key=lambda item: item[1][0]):
            if number < latest.get(device, -1):
                wrong.append(number)
            latest[device] = max(number, latest.get(device, -1))
        return wrong

    def check(self, count, first=0):
        lost = self.lost(count, first)
        assert not lost, f"{len(lost)} of {count} lost, the first are {lost[:5]}"
        assert not self.under_two_ids(), f"under two ids: {list(self.under_two_ids().items())[:5]}"
        assert not self.out_of_order(), f"out of order: {self.out_of_order()[:5]}"
