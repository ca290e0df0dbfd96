"""A simulated Tasmota plug that obeys the published topics (tasmota.github.io/docs/MQTT): commands on cmnd, answers on stat,
its presence on tele/LWT. It counts what it executes."""
import json
import threading
import time
from typing import NamedTuple

import paho.mqtt.client as paho

from .devices import without_delay
from .waiting import until


class Execution(NamedTuple):
    command: str
    payload: str
    at: float  # time.time()
    dup: bool
    retained: bool


class Tasmota:
    """`answers`: "RESULT" as by itself, "POWER" with SetOption4, or None for a device that executes and says nothing.
    `relays`: with several, POWER is answered as POWER1. A plug that is `away` is off the air; it is back with `come_back`."""

    def __init__(self, broker, name, answers="RESULT", groups=(), relays=1, away=False, telemetry=True):
        self.name, self.answers, self.executed = name, answers, []
        self._broker, self._groups, self._relays = broker, groups, relays
        self.state = [False] * relays
        self.deaf_for = 0.1  # seconds from the one to the other
        self._lock, self._ready, self._client = threading.Lock(), threading.Event(), None
        self._telemetry = telemetry
        self.come_back()
        if away:
            self.go_away()

    def _make(self):
        client = without_delay(paho.Client(client_id=f"tasmota-{self.name}", protocol=paho.MQTTv311, clean_session=True))
        client.will_set(f"tele/{self.name}/LWT", "Offline", qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = self._on_message
        client.reconnect_delay_set(1, 1)
        return client

    def come_back(self):
        self._ready.clear()
        self._client = self._make()
        self._client.connect("localhost", self._broker.port)
        self._client.loop_start()
        assert self._ready.wait(30), f"the plug {self.name} is not subscribed"

    def go_away(self):
        """As its plug is pulled: the broker tells, by its will."""
        self._client.on_disconnect = None
        self._client._sock_close()  # no DISCONNECT
        self._client.loop_stop()

    def _on_connect(self, client, *_):
        # In the firmware's order: it says that it is there, and listens then.
        client.publish(f"tele/{self.name}/LWT", "Online", qos=1, retain=True)
        time.sleep(self.deaf_for)
        client.subscribe([(f"cmnd/{name}/#", 1) for name in (self.name, *self._groups)])
        if self._telemetry:
            client.publish(f"tele/{self.name}/STATE", json.dumps({"Time": "2026-03-01T10:00:00", "POWER": "OFF"}))

    def _on_message(self, client, _object, message):
        command, payload = message.topic.split("/")[-1], message.payload.decode()
        with self._lock:
            self.executed.append(Execution(command, payload, time.time(), message.dup, message.retain))
        if self.answers is None:
            return
        if not command.upper().startswith("POWER"):
            return self._say(client, "COMMAND" if self.answers == "POWER" else "RESULT", {"Command": "Unknown"})
        relay = int(command[5:] or 1) - 1
        self.state[relay] = not self.state[relay] if payload == "TOGGLE" else payload == "ON"
        key = "POWER" if self._relays == 1 else f"POWER{relay + 1}"
        word = "ON" if self.state[relay] else "OFF"
        self._say(client, key if self.answers == "POWER" else "RESULT", {key: word})
        if self.answers == "RESULT":
            client.publish(f"stat/{self.name}/{key}", word)

    def _say(self, client, topic, content):
        client.publish(f"stat/{self.name}/{topic}", json.dumps(content))

    def push_button(self, on):
        """Somebody switches it by hand."""
        self.state[0] = on
        self._say(self._client, "RESULT", {"POWER": "ON" if on else "OFF"})

    def count(self, payload=None):
        with self._lock:
            return sum(1 for each in self.executed if payload is None or each.payload == payload)

    def wait_count(self, count, within=60.0):
        until(lambda: self.count() >= count, lambda: f"{self.name} executes {count} commands, {self.executed} were", within)

    def end(self):
        self._client.disconnect()
        self._client.loop_stop()
