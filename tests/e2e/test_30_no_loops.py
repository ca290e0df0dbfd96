"""What a gateway publishes is never taken for a device's message, wherever it comes back."""
import pytest
from stage import devices
from stage.waiting import until

FORMATS = ("cloudevents", "data", "original")


def rests(*gateways):
    """The messages received no longer grow; how many there were."""
    seen = {"before": None, "same": 0}

    def same():
        now = [gateway.status()["messages"]["received"] for gateway in gateways]
        seen["same"] = seen["same"] + 1 if now == seen["before"] else 0
        seen["before"] = now
        return seen["same"] > 40
    until(same, lambda: f"it comes to rest: {seen}", 30, every=0.05)
    return seen["before"]


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
@pytest.mark.parametrize("form", FORMATS)
def test_the_cloud_is_the_local_broker(stage, form, protocol):
    broker = stage.broker()
    topic = "{gateway}/{topic}" if form == "original" else "up/{gateway}/{device}/{schema}"
    cloud = {"name": "same", "type": "mqtt", "url": broker.url, "protocol": protocol, "uplink": {"format": form, "topic": topic}}
    gateway = stage.gateway(broker, [cloud], schemas={"unmatched": "auto"})
    devices.publish(broker, ("weird/device", '{"a": 1}'), ("other/device", "17.5"))
    gateway.wait_status(lambda status: status["messages"]["received"] >= 4, "its own come back")
    gateway.wait_drained("same")
    assert rests(gateway) == [4]
    assert gateway.status()["messages"]["understood"] == 2 and gateway.status()["messages"]["ignored"] == 2


def test_the_mark_alone_is_enough(stage):
    broker = stage.broker()
    cloud = {"name": "same", "type": "mqtt", "url": broker.url, "uplink": {"format": "original", "topic": "mirror/{topic}"}}
    gateway = stage.gateway(broker, [cloud], schemas={"unmatched": "auto"})
    devices.publish(broker, ("weird/device", '{"a": 1}'))
    gateway.wait_status(lambda status: status["messages"]["received"] >= 2, "its own comes back")
    gateway.wait_drained("same")
    assert rests(gateway) == [2] and gateway.status()["messages"]["ignored"] == 1


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
@pytest.mark.parametrize("form", FORMATS)
def test_two_gateways_that_face_each_other(stage, form, protocol):
    brokers = [stage.broker(), stage.broker()]
    gateways = []
    for place, name in enumerate(("one", "two")):
        topic = "{gateway}/{topic}" if form == "original" else "up/{gateway}/{device}"
        cloud = {"name": "other", "type": "mqtt", "url": brokers[1 - place].url, "protocol": protocol,
                 "uplink": {"format": form, "topic": topic}}
        gateways.append(stage.gateway(brokers[place], [cloud], gateway={"id": name}, schemas={"unmatched": "auto"}))
    devices.publish(brokers[0], ("weird/device", '{"a": 1}'))
    gateways[1].wait_status(lambda status: status["messages"]["received"] >= 1, "the other side gets it")
    counts = rests(*gateways)
    assert counts[0] <= 2 and counts[1] == 1, counts
