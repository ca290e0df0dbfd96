#!/usr/bin/python3
"""How long the whole circle takes on one machine: a Zigbee2MQTT contact opens, the cloud sees it over MQTT and TLS, commands,
the Tasmota plug switches, and the cloud hears of the outcome; every step durable (power_cut).

Beside it, in the same run, the ceiling: the same brokers, plug and rule, with a bare client in the gateway's place that
carries the messages over, stores nothing and checks nothing.

    tests/bench/circle.py [ROUNDS]
"""
import json
import pathlib
import ssl
import statistics
import sys
import tempfile
import threading

import paho.mqtt.client as paho

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "e2e"))

from conftest import Stage  # noqa: E402
from stage.circle import LOGIN, TOPIC, Circle  # noqa: E402
from stage.devices import without_delay  # noqa: E402


class BareRelay:
    """Over one client at each broker: up as the gateway's events are, down as its commands are."""

    def __init__(self, far, local, authority):
        self._local, self._far = (without_delay(paho.Client(protocol=paho.MQTTv311)) for _ in range(2))
        self._far.tls_set(str(authority.file), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self._far.username_pw_set(*LOGIN)
        self._identity = None
        for client, broker, topics, take in ((self._local, local, ("zigbee2mqtt/window", "stat/heater/RESULT"), self._up), (self._far, far, (TOPIC,), self._down)):
            ready = threading.Event()
            client.on_message = take
            client.on_subscribe = lambda *_, ready=ready: ready.set()
            client.connect("localhost", broker.port)
            client.loop_start()
            client.subscribe([(topic, 1) for topic in topics])
            assert ready.wait(30)

    def _up(self, _client, _object, message):
        content = json.loads(message.payload)
        if message.topic.startswith("stat"):
            self._publish({"id": self._identity, "outcome": "succeeded"})
        else:
            self._publish({"readings": {name: {"value": value} for name, value in content.items()}})

    def _publish(self, data):
        self._far.publish("sluice/test/zigbee2mqtt/window", json.dumps({"data": data}), qos=1)

    def _down(self, _client, _object, message):
        command = json.loads(message.payload)
        self._identity = command["id"]
        self._local.publish("cmnd/heater/POWER", command["params"]["state"], qos=1)

    def end(self):
        for client in (self._local, self._far):
            client.disconnect()
            client.loop_stop()


def run(name, rounds, bare):
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(pathlib.Path(folder))
        try:
            circle = stage.keep(Circle(stage, BareRelay if bare else None))
            circle.turn(-1, True)  # whatever is made at the first use
            taken = [circle.turn(number, number % 2 == 1) for number in range(rounds)]
        finally:
            stage.end()
    switched, known = [switched for switched, _ in taken], [known for _, known in taken]
    print(f"{name}: plug switches p50 {p(switched, 50):.2f} ms, p99 {p(switched, 99):.2f} ms; cloud knows p50 {p(known, 50):.2f} ms, p99 {p(known, 99):.2f} ms")
    return known


def p(seconds, percent):
    return 1000 * statistics.quantiles(seconds, n=100)[percent - 1]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    print(f"{rounds} rounds each")
    gateway, bare = run("gateway", rounds, False), run("bare   ", rounds, True)
    print(f"gateway / bare, until the cloud knows: p50 {p(gateway, 50) / p(bare, 50):.2f}, p99 {p(gateway, 99) / p(bare, 99):.2f}")


if __name__ == "__main__":
    main()
