"""when_full: hold. The gateway stops acknowledging when its buffer is full, the broker keeps the rest, and all arrives once
the cloud is back: nothing dropped, no record under two ids."""
from stage import devices
from stage.accounts import Ledger, Watch
from stage.receiver import accept, always
from stage.waiting import holds_for


def test_hold(stage):
    count, size_max = 10_000, 1 << 20
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    receiver.answer = always(503, retry_after=1)
    gateway = stage.gateway(broker, [receiver.cloud()], buffer={"size_max": "1MiB", "when_full": "hold"})

    def full():
        status = gateway.status()
        return 0 < status["clouds"][0]["backlog"]["bytes"] <= size_max and status["stored"] < count

    with Watch(gateway):
        stage.flood(broker, count).finish()
        gateway.wait_status(lambda status: not status["local_broker"]["connected"], "it stays away from the broker when full")
        holds_for(full, 3, lambda: f"a full buffer takes no more: {gateway.status()['clouds'][0]['backlog']}")
        receiver.answer = accept
        receiver.wait_numbers(count)
        status = gateway.wait_drained()
    Ledger(receiver.arrivals).check(count)
    assert status["clouds"][0]["dropped"] == {"size": 0, "age": 0, "damage": 0}
    assert status["local_broker"]["session_lost_total"] == 0


def test_a_buffer_smaller_than_what_the_broker_has_waiting(stage):
    """It is filled and emptied many times; that one batch of the broker would not fit is no reason to stand still."""
    count = 5_000
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()], buffer={"size_max": "128KiB", "when_full": "hold"})
    gateway.stop()
    devices.publish(broker, *(devices.probe(number) for number in range(count)))
    gateway.start()
    receiver.wait_numbers(count, within=120)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(count)
