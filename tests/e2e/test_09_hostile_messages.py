"""Whatever arrives ends as an event, in quarantine or ignored: the gateway lives, its numbers add up, its memory stays flat,
and no message takes long."""
import pytest
from stage import devices, hostile

ROUNDS = 4
FLAT = 16 << 20  # what the allocator may keep from the largest of them


@pytest.mark.parametrize("unmatched", ["ignore", "auto", "raw", "quarantine"])
def test_every_hostile_message_has_a_fate(stage, unmatched):
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()], schemas={"unmatched": unmatched}, local_broker={"subscribe": ["#"]})
    messages = hostile.deliverable(hostile.own() + hostile.corpus())
    sizes = []
    for round_ in range(1, ROUNDS + 1):
        devices.publish(broker, *messages, devices.probe(round_))
        devices.publish(broker, *messages[::3], qos=0)
        devices.publish(broker, devices.probe(-round_))
        expected = round_ * (len(messages) + len(messages[::3]) + 2)
        status = gateway.wait_status(lambda status, n=expected: status["messages"]["received"] >= n, "all have arrived", within=120)
        gateway.wait_drained()
        sizes.append(gateway.rss_anon())
    assert status["messages"]["received"] == expected
    assert status["messages"]["quarantined"] > 0 and status["messages"]["understood"] >= 2 * ROUNDS
    assert sizes[-1] - sizes[0] < FLAT, f"private memory after each round: {sizes}"
    numbers = {arrival.number for arrival in receiver.arrivals}
    assert {round_ for round_ in range(-ROUNDS, ROUNDS + 1) if round_} <= numbers, "a good message between them is missing"


def test_quarantine_says_why_and_keeps_the_message(stage):
    broker = stage.broker()
    gateway = stage.gateway(broker)
    devices.publish(broker, ("tele/kitchen/SENSOR", "nonsense"), ("probe/d1/count", '{"n":"many"}'))
    gateway.wait_status(lambda status: status["quarantine"]["records"] == 2, "both are in quarantine")
    not_json, not_integer = gateway.quarantine()
    assert not_json["reason"].startswith("not JSON") and not_json["payload"] == b"nonsense" and not_json["topic"] == "tele/kitchen/SENSOR"
    assert not_integer["reason"].startswith("not an integer") and not_integer["schema"] == "probe/count" and not_integer["field"] == "number"
