"""The whole circle: a window opens (Zigbee2MQTT), the cloud sees it over MQTT and TLS, and its command turns the heater (a
Tasmota plug) off, which the cloud hears of."""
import json
import time

import paho.mqtt.client as paho

from .devices import without_delay
from .far_side import FarSide
from .waiting import until

LOGIN = ("home", "a-right-password")
TOPIC = "homes/test/commands"


class Rule(FarSide):
    """The cloud's rule: whenever the contact opens, the heater is to be off; when it closes, on."""

    def __init__(self, broker, **options):
        self.outcomes = {}  # command -> (outcome, time)
        super().__init__(broker, topic="sluice/#", client_id="rule", **options)

    def _on_message(self, client, _object, message):
        content = json.loads(message.payload)
        data = content.get("data", content)
        contact = data.get("readings", {}).get("contact", {}).get("value")
        if "outcome" in data:
            self.outcomes[data["id"]] = (data["outcome"], time.monotonic())
        elif contact is not None and not data.get("retained"):
            identity = f"round-{data['readings']['round']['value']}"
            client.publish(TOPIC, json.dumps({"id": identity, "device": "tasmota/heater", "command": "power",
                                              "params": {"state": "ON" if contact else "OFF"}}), qos=1)


class Circle:
    """Built on a test's stage: both brokers, the gateway, the plug, the rule."""

    def __init__(self, stage, relay=None):
        """`relay(far, local, authority)` stands in the gateway's place, if it is given."""
        far, self.local = stage.far_broker(), stage.broker()
        self.heater = stage.plug(self.local, "heater", telemetry=False)
        if relay:
            stage.keep(relay(far, self.local, stage.authority))
        else:
            self.gateway = self._make_gateway(stage, far)
        self.rule = stage.keep(Rule(far, ca_file=stage.authority.file, login=LOGIN))
        self.window = without_delay(paho.Client(protocol=paho.MQTTv311))
        self.window.connect("localhost", self.local.port)
        self.window.loop_start()

    def _make_gateway(self, stage, far):
        cloud = {"name": "far", "type": "mqtt", "url": far.url, "username": LOGIN[0], "password": LOGIN[1],
                 "tls": {"ca_file": str(stage.authority.file)}, "downlink": {"topic": TOPIC}}
        allow = [{"from": ["far"], "device": "tasmota/heater", "commands": ["power"]}]
        gateway = stage.gateway(self.local, [cloud], commands={"allow": allow})
        gateway.wait_device("tasmota/heater", presence="online")
        gateway.process.wait_said("listens for commands")
        return gateway

    def turn(self, number, is_open):
        """One round: seconds until the plug has switched, and until the cloud knows."""
        done, began = self.heater.count(), time.monotonic()
        self.window.publish("zigbee2mqtt/window", json.dumps({"contact": not is_open, "round": number, "battery": 100}), qos=1)
        until(lambda: self.heater.count() > done, f"round {number}: the plug is switched", every=0.0005)
        switched = time.monotonic() - began
        until(lambda: f"round-{number}" in self.rule.outcomes, f"round {number}: the cloud knows", every=0.0005)
        outcome, at = self.rule.outcomes[f"round-{number}"]
        assert outcome == "succeeded", outcome
        return switched, at - began

    def end(self):
        self.window.disconnect()
        self.window.loop_stop()
