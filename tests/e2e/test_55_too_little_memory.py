"""A gateway that gets no more memory (RLIMIT_DATA just above what it has, under load) ends at worst. It comes again, nothing that it
acknowledged is lost, and with enough memory it works off what has waited: no loop of crashes."""
import json
import random
import resource
import time

from stage import devices, experiment
from stage.accounts import Ledger
from stage.supervisor import Supervisor

ROUNDS = experiment.rounds(6, 60)
SMALL, LARGE = 1000, 30  # messages of a round, at devices of their own


def forbid_more(process, more):
    """From now on the process gets `more` bytes, and no more."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        now = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData"))
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (now + more, resource.RLIM_INFINITY))


def allow_more(process):
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def large(numbers, dice):
    return [("probe/large/count", json.dumps({"n": number, "pad": "x" * dice.randint(10_000, 900_000)})) for number in numbers]


def test_allocations_fail(stage):
    seed = experiment.seed()
    dice, each = random.Random(seed), SMALL + LARGE
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()])
    with Supervisor(gateway) as supervisor:
        for round_ in range(10 * ROUNDS):
            if round_ >= ROUNDS and supervisor.ends:
                break
            more = dice.choice([0, 64, 256, 1024, 4096]) * 1024
            supervisor.with_process(lambda process, more=more: forbid_more(process, more))
            flood = stage.flood(broker, SMALL, first=round_ * each)
            devices.publish(broker, *large(range(round_ * each + SMALL, (round_ + 1) * each), dice))
            flood.finish()
            time.sleep(dice.random() / 2)
            supervisor.with_process(allow_more)
            published = (round_ + 1) * each
            receiver.wait_numbers(published)
        gateway.wait_drained()
    Ledger(receiver.arrivals).check(published)
    assert supervisor.ends <= published / each, f"it ended as {supervisor.codes}"
    experiment.note_figures("too little memory", "P1 P2 P7", seed, rounds=published // each, ends=supervisor.ends, messages=published, lost=0)
