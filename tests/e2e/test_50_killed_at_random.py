"""kill -9 at random moments, under a trickle and under a flood. Of the gateway alone: nothing is lost, no record has two ids, order
is kept. Of the broker too, which comes back as it was when it saved last: nothing is lost that the gateway acknowledged, nothing
that a broker acknowledged which then lived on, and everything is accounted for."""
import random
import time

import pytest
from stage import experiment
from stage.accounts import Ledger
from stage.waiting import until

KILLS = experiment.rounds(6, 67)  # in each of the three
DEVICES = 1 << 30  # each message of its own


@pytest.fixture(name="seed")
def _seed():
    return experiment.seed()


def strike(stage, broker, receiver, kill, first, count, rate, moment):
    """So many messages from number `first` on, and `kill()` at a random moment after the first of them has come."""
    flood = stage.flood(broker, count, rate=rate, first=first)
    receiver.wait_numbers(first + 1)
    time.sleep(moment)
    amid = flood.running()
    kill()
    flood.finish()
    return amid


@pytest.mark.parametrize("pace", ["trickle", "flood"])
def test_gateway(stage, seed, pace):
    dice, amid = random.Random(seed), 0
    count, rate, span = (400, 500, 0.7) if pace == "trickle" else (6_000, 0, 0.2)
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [stage.front(receiver).cloud()])

    def kill():
        gateway.kill()
        gateway.start()

    for round_ in range(KILLS):
        amid += strike(stage, broker, receiver, kill, round_ * count, count, rate, dice.random() * span)
        receiver.wait_numbers((round_ + 1) * count, within=180)
    status = gateway.wait_drained()
    Ledger(receiver.arrivals).check(KILLS * count)
    experiment.note_figures(f"gateway killed under a {pace}", "P1 P2 P3 P4", seed, kills=KILLS, while_published=amid, messages=KILLS * count,
                            recognised=status["messages"]["redelivered"], lost=0, under_two_ids=0)


class Killer:
    """Kills the gateway, the broker or both, and starts them again; keeps what the gateway had acknowledged to each broker."""

    def __init__(self, gateway, broker, dice):
        self.gateway, self.broker, self.dice = gateway, broker, dice
        self.gateways = self.brokers = 0
        self.topics = set()

    def kill(self):
        whom = self.dice.choice(["gateway", "broker", "both"])
        if whom != "broker":
            self.gateway.kill()
            self.gateways += 1
        if whom != "gateway":
            self.broker.kill()
            self.brokers += 1
            self.look()
            self.broker.start()
        if whom != "broker":
            self.gateway.start()
        self.gateway.wait_ready()

    def look(self):
        self.topics |= set(self.broker.acknowledged())

    def acknowledged(self):
        """The numbers: each message has a topic of its own."""
        self.look()
        return {int(topic.split("/")[1][1:]) for topic in self.topics}


def test_gateway_and_broker(stage, seed):
    dice, count = random.Random(seed), 400
    broker, receiver = stage.broker(debug=True, settings=["autosave_interval 1"]), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()])
    broker.save()  # from here on every state of it knows the gateway's session
    killer = Killer(gateway, broker, dice)
    for round_ in range(KILLS):
        flood = stage.flood(broker, count, rate=500, first=round_ * count, devices=DEVICES)
        until(lambda first=round_ * count: first in receiver.numbers, "the first of them is there")
        time.sleep(dice.random() * 0.7)
        killer.kill()
        flood.finish()

    last = range(KILLS * count, (KILLS + 1) * count)
    stage.flood(broker, count, first=last[0], devices=DEVICES).finish()
    until(lambda: receiver.numbers.issuperset(last), "what was published when all was well again")
    gateway.wait_drained()
    acknowledged = killer.acknowledged()
    lost = acknowledged - receiver.numbers
    assert not lost, f"{len(lost)} that the gateway had acknowledged, as {sorted(lost)[:5]}"
    assert len(acknowledged) >= count
    ledger = Ledger(receiver.arrivals)
    experiment.note_figures("gateway and broker killed", "P1 P2", seed, gateways_killed=killer.gateways, brokers_killed=killer.brokers,
                            acknowledged=len(acknowledged), lost=len(lost), forgotten_by_the_broker=len(ledger.lost(KILLS * count)),
                            sent_anew_by_the_broker=len(ledger.under_two_ids()))
