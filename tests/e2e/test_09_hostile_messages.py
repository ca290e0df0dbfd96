"""Whatever arrives ends as an event, in quarantine or ignored: the gateway lives, its numbers add up, its memory stays flat,
and no message takes long."""
import pytest
from stage import devices, hostile

FLAT = 16 << 20  # what the allocator may keep from the largest of them
POLICIES = ["ignore", "auto", "raw", "quarantine"]


class Play:
    """All hostile messages, at both QoS, with good ones between them, into a gateway that takes every topic."""

    def __init__(self, stage, unmatched):
        self.broker, self.receiver = stage.broker(), stage.receiver(keep_events=False)
        self.gateway = stage.gateway(self.broker, [self.receiver.cloud()], schemas={"unmatched": unmatched}, local_broker={"subscribe": ["#"]})
        self.messages = hostile.deliverable(hostile.own() + hostile.corpus())
        self.published = 0

    def round(self, number):
        """Plays them once; returns the status when all of them have a fate and nothing waits."""
        devices.publish(self.broker, *self.messages, devices.probe(number))
        devices.publish(self.broker, *self.messages[::3], qos=0)
        devices.publish(self.broker, devices.probe(-number))
        self.published += len(self.messages) + len(self.messages[::3]) + 2
        self.gateway.wait_status(lambda status: status["messages"]["received"] >= self.published, "all have arrived", within=120)
        return self.gateway.wait_drained()


@pytest.mark.parametrize("unmatched", POLICIES)
def test_every_hostile_message_has_a_fate(stage, unmatched):
    play = Play(stage, unmatched)
    for number in (1, 2):
        status = play.round(number)
    assert status["messages"]["received"] == play.published
    assert status["messages"]["quarantined"] > 0 and status["messages"]["understood"] >= 4
    assert {1, -1, 2, -2} <= play.receiver.numbers, "a good message between them is missing"


@pytest.mark.parametrize("unmatched", POLICIES)
def test_memory_stays_flat(stage, unmatched):
    play, sizes = Play(stage, unmatched), []
    for number in range(1, 6):
        play.round(number)
        sizes.append(play.gateway.rss_anon())
    assert max(sizes[2:]) - max(sizes[:2]) < FLAT, f"private memory after each round: {sizes}"


def test_quarantine_says_why_and_keeps_the_message(stage):
    broker = stage.broker()
    gateway = stage.gateway(broker)
    devices.publish(broker, ("tele/kitchen/SENSOR", "nonsense"), ("probe/d1/count", '{"n":"many"}'))
    gateway.wait_status(lambda status: status["quarantine"]["records"] == 2, "both are in quarantine")
    not_json, not_integer = gateway.quarantine()
    assert not_json["reason"].startswith("not JSON") and not_json["payload"] == b"nonsense" and not_json["topic"] == "tele/kitchen/SENSOR"
    assert not_integer["reason"].startswith("not an integer") and not_integer["schema"] == "probe/count" and not_integer["field"] == "number"
