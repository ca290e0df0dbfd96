"""Azure IoT Hub: what it gets, throttling, and a clock that is not right yet."""
import json
import time

from stage import devices
from stage.azure_hub import AzureHub
from stage.obstacle import Obstacle
from stage.waiting import holds_for, until


def start(stage, hub, broker, **changes):
    return stage.gateway(broker, [hub.cloud(stage.authority, **changes)], environment=Obstacle.clock(synced=True))


def test_a_message_is_what_the_hub_routes(stage):
    hub, broker = stage.keep(AzureHub(stage.authority)), stage.broker()
    start(stage, hub, broker)
    devices.publish(broker, devices.probe(1, "d 1"))
    hub.wait_count(1)
    properties, payload = hub.telemetry[0]
    event = json.loads(payload)
    assert properties == {"$.ct": "application/json", "$.ce": "utf-8", "$.mid": event["id"], "schema": "probe/count",
                          "device": "probe/d 1"}
    assert event["type"] == "sluice.reading.v1" and not hub.mistakes


def test_throttling_leads_to_back_off(stage):
    hub, broker = stage.keep(AzureHub(stage.authority)), stage.broker()
    hub.mute, hub.drop_after = True, 1  # as after the daily quota: nothing is acknowledged, connections are dropped
    gateway = start(stage, hub, broker)
    devices.publish(broker, devices.probe(1))
    until(lambda: len(hub.connects) >= 3, "it tries again")
    began, before = time.monotonic(), len(hub.connects)
    holds_for(lambda: len(hub.connects) - before < 12, 8, lambda: f"a storm: {len(hub.connects) - before} connections in {time.monotonic() - began} s")
    assert gateway.cloud("azure")["state"] != "up" and gateway.cloud("azure")["delivered"] == 0
    hub.mute, hub.drop_after = False, None
    gateway.wait_drained("azure", 240)


def test_late_acknowledgements_are_waited_for(stage):
    hub, broker = stage.keep(AzureHub(stage.authority)), stage.broker()
    hub.delay = 0.2
    gateway = start(stage, hub, broker)
    devices.publish(broker, *[devices.probe(number) for number in range(20)])
    hub.wait_count(20)
    gateway.wait_drained("azure")
    assert hub.logins == 1 and len(hub.telemetry) == 20


def test_no_token_before_the_clock_is_right(stage):
    hub, broker = stage.keep(AzureHub(stage.authority)), stage.broker()
    gateway = stage.gateway(broker, [hub.cloud(stage.authority)], environment=Obstacle.clock(synced=False))
    gateway.wait_status(lambda status: "clock" in (status["clouds"][0]["last_error"] or {}).get("text", ""), "the clock is named")
    assert not hub.connects and gateway.cloud("azure")["state"] == "down"


def test_a_wrong_key_pauses(stage):
    hub, broker = stage.keep(AzureHub(stage.authority)), stage.broker()
    gateway = start(stage, hub, broker, key="d3Jvbmc=")
    gateway.wait_status(lambda status: status["clouds"][0]["state"] == "paused", "it is paused")
    error = gateway.cloud("azure")["last_error"]["text"]
    assert "not authorised" in error and "d3Jvbmc" not in error
    assert hub.refused >= 1
