"""One message kills the process as soon as it is written to disk, here by a preloaded pwrite: after three tries it is set aside
unread, what was in flight with it can be brought back, and everything is accounted for."""
import json

from stage import devices, experiment
from stage.accounts import Ledger
from stage.obstacle import Obstacle
from stage.supervisor import Supervisor
from stage.waiting import until

COUNT, POISONED = 600, 250
WORDS = "this text kills "


def poisoned(number):
    """Its text is spelt out only once it has been read: what is set aside unread is harmless."""
    topic, payload = devices.probe(number)
    spelt = "".join(f"\\u{ord(letter):04x}" for letter in WORDS)
    return topic, payload[:-1] + f', "note": "{spelt * 3}"}}'


def numbers_of(entries):
    return {json.loads(entry["payload"])["n"]: entry["id"] for entry in entries}


def test_set_aside_after_three_tries(stage):
    seed = experiment.seed()
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()], environment=Obstacle.poison(WORDS))
    with Supervisor(gateway) as supervisor:
        devices.publish(broker, *(poisoned(n) if n == POISONED else devices.probe(n) for n in range(COUNT)))
        until(lambda: supervisor.ends >= 3, "it was tried three times")
        devices.publish(broker, *(devices.probe(n) for n in range(COUNT, 2 * COUNT)))
        until(lambda: receiver.numbers.issuperset(range(COUNT, 2 * COUNT)), "what came later flows")
        status = gateway.wait_drained()
        ends = supervisor.ends
        aside = numbers_of(gateway.quarantine())
        assert POISONED in aside and gateway.process.said("set aside unread")
        assert receiver.numbers.isdisjoint(aside) and receiver.numbers.union(aside) == set(range(2 * COUNT))
        assert status["messages"]["quarantined"] == len(aside)

        innocent = [str(id_) for number, id_ in aside.items() if number != POISONED]
        if innocent:
            assert gateway.command("quarantine", "replay", *innocent).returncode == 0
        receiver.wait_numbers(2 * COUNT - 1)
        gateway.wait_drained()
        assert list(numbers_of(gateway.quarantine())) == [POISONED]
        assert supervisor.ends == ends <= 6, f"it ended as {supervisor.codes}"
    assert gateway.stop() == 0
    ledger = Ledger(receiver.arrivals)
    assert ledger.lost(2 * COUNT) == [POISONED] and not ledger.under_two_ids()
    experiment.note_figures("message that kills", "P2 P5", seed, messages=2 * COUNT, ends=ends, set_aside_with_it=len(innocent), lost=0)
