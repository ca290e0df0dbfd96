"""uplink.pack and uplink.thin, for every kind of cloud."""
import json

import pytest
from stage import devices
from stage.azure_hub import AzureHub
from stage.obstacle import Obstacle
from stage.waiting import until

KINDS = ("webhook", "mqtt", "azure_iot_hub")


class Seen:
    """A cloud of each kind, and what it saw: how many messages or requests, and the events in them."""

    def __init__(self, stage, kind, uplink, **more):
        self.environment = {}
        if kind == "webhook":
            receiver = stage.receiver()
            self.entry = {**receiver.cloud(), "uplink": uplink, **more}
            self.messages = lambda: [request.events for request in receiver.requests if request.events]
        elif kind == "mqtt":
            far = stage.broker()
            there = stage.far_side(far)
            self.entry = {"name": "hooks", "type": "mqtt", "url": far.url, "uplink": {"topic": "homes/{gateway}", **uplink}, **more}
            self.messages = lambda: [message.events() for message in list(there.messages)]
        else:
            hub = stage.keep(AzureHub(stage.authority))
            self.entry = {**hub.cloud(stage.authority), "name": "hooks", "uplink": uplink, **more}
            self.environment = Obstacle.clock(synced=True)
            def read(payload):
                content = json.loads(payload)
                return content if isinstance(content, list) else [content]
            self.messages = lambda: [read(message.payload) for message in list(hub.telemetry)]

    def numbers(self):
        return [event["data"]["readings"]["number"]["value"] for events in self.messages() for event in events
                if "number" in event["data"].get("readings", {})]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pack_holds_several_records_with_their_ids(stage, kind):
    seen = Seen(stage, kind, {"pack": "4KiB"}, batch={"wait_max": "1s"})
    broker = stage.broker()
    gateway = stage.gateway(broker, [seen.entry], environment=seen.environment)
    devices.publish(broker, *[devices.probe(number, f"d{number % 3}") for number in range(100)])
    until(lambda: len(seen.numbers()) >= 100, lambda: f"100 records, {len(seen.numbers())} came")
    gateway.wait_drained()
    assert sorted(seen.numbers()) == list(range(100))
    assert len(seen.messages()) <= 25, "some 400 bytes each, nine or ten in a message"
    ids = [event["id"] for events in seen.messages() for event in events]
    assert len(set(ids)) == len(ids)
    assert gateway.cloud()["delivered"] >= 100


@pytest.mark.parametrize("kind", KINDS)
def test_thin_sends_the_last_of_each_slot(stage, kind):
    seen = Seen(stage, kind, {"thin": {"every": "2s"}})
    broker = stage.broker()
    gateway = stage.gateway(broker, [seen.entry], environment=seen.environment)
    stage.flood(broker, 500, rate=100, devices=1).finish()  # five seconds
    gateway.wait_drained()
    until(lambda: 499 in seen.numbers(), lambda: f"the last one goes up: {seen.numbers()}")
    assert 2 <= len(seen.numbers()) <= 5 and seen.numbers() == sorted(seen.numbers())
    cloud = gateway.cloud()
    assert cloud["skipped"] + cloud["delivered"] == cloud["stored"] and cloud["skipped"] >= 495


def test_on_change_sends_what_differs(stage):
    seen = Seen(stage, "mqtt", {"thin": {"on_change": True}})
    broker = stage.broker()
    gateway = stage.gateway(broker, [seen.entry])
    for number in (1, 1, 1, 2, 2, 1):
        devices.publish(broker, devices.probe(number))
    gateway.wait_status(lambda status: status["messages"]["received"] >= 6, "all six are there")
    gateway.wait_drained()
    until(lambda: len(seen.numbers()) >= 3, "three changes")
    assert seen.numbers() == [1, 2, 1] and gateway.cloud()["skipped"] == 3
