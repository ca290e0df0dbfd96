"""kill -9 of the gateway, 20 times at random moments: nothing is lost, and at the receiver no record has two ids."""
import random
import time

import pytest
from stage.accounts import Ledger

KILLS = 20


@pytest.fixture(name="moment")
def _moment():
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def test_under_500_messages_a_second(stage, moment):
    count = 500 * 60
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [stage.front(receiver).cloud()])
    flood = stage.flood(broker, count, rate=500)
    for _ in range(KILLS):
        receiver.wait_numbers(len(receiver.numbers) + 100)
        time.sleep(moment.random() * 0.3)
        gateway.kill()
        gateway.start()
    assert flood.running(), "the last kill came after the last message"
    flood.finish()
    receiver.wait_numbers(count, within=180)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(count)


def test_under_a_flood(stage, moment):
    each = 10_000
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [stage.front(receiver).cloud()])
    for round_ in range(KILLS):
        flood = stage.flood(broker, each, first=round_ * each)
        receiver.wait_numbers(round_ * each + 1)
        time.sleep(moment.random() * 0.5)
        gateway.kill()
        gateway.start()
        flood.finish()
        receiver.wait_numbers((round_ + 1) * each, within=180)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(KILLS * each)
