"""A gateway or a broker that is frozen for a while (SIGSTOP), and goes on as if nothing had been: nothing is lost, order is kept.
A long freeze, beyond the keep alive, is the one kind in which the other side takes it for gone."""
import signal

import pytest
from stage import experiment
from stage.accounts import Ledger
from stage.waiting import holds_for

FREEZES, SECONDS = 2, experiment.rounds(1, 100)
RATE = 1000


@pytest.mark.parametrize("who", ["gateway", "broker"])
def test_frozen(stage, who):
    seed = experiment.seed()
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()])
    frozen = gateway.process if who == "gateway" else broker.process
    count = int(RATE * (SECONDS + 1))
    for round_ in range(FREEZES):
        flood = stage.flood(broker, count, rate=RATE, first=round_ * count)
        receiver.wait_numbers(round_ * count + RATE // 2)
        frozen.signal(signal.SIGSTOP)
        holds_for(frozen.alive, SECONDS, f"the {who} is there all the while")
        frozen.signal(signal.SIGCONT)
        flood.finish(within=180)
        receiver.wait_numbers((round_ + 1) * count, within=180)
    gateway.wait_drained()
    ledger = Ledger(receiver.arrivals)
    if SECONDS < 60:
        ledger.check(FREEZES * count)
    assert not ledger.lost(FREEZES * count) and gateway.process.alive()
    experiment.note_figures(f"frozen {who}", "P1 P2", seed, freezes=FREEZES, seconds=SECONDS, messages=FREEZES * count, lost=0,
                            under_two_ids=len(ledger.under_two_ids()))
