"""Whoever reads at a cloud's broker: keeps everything that comes, with a session that the broker holds."""
import json
import ssl
import threading
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from .devices import without_delay
from .receiver import Arrival
from .waiting import until


class Message(NamedTuple):
    topic: str
    payload: bytes
    qos: int
    content_type: object  # None where there is none
    expiry: object
    user: dict  # user properties

    def events(self):
        """The CloudEvents it holds, whatever the format; of format data its data alone."""
        content = json.loads(self.payload)
        if isinstance(content, list):
            return content
        if "specversion" in content:
            return [content]
        return [{**{name: value for name, value in self.user.items() if name != "sluice-gateway"}, "data": content}]


class FarSide:
    def __init__(self, broker, topic="#", ca_file=None, login=None, certificate=None, client_id="far-side", keep=True, port=None):
        self.messages, self.arrivals = [], []
        self.numbers = set()
        self._keep, self._lock, self._subscribed = keep, threading.Lock(), threading.Event()
        self._topic = topic
        self.client = without_delay(paho.Client(client_id=client_id, protocol=paho.MQTTv5))
        if ca_file:
            self.client.tls_set(str(ca_file), *([str(part) for part in certificate] if certificate else []),
                                tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if login:
            self.client.username_pw_set(*login)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe(self._topic, qos=1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = self._on_message
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        session.ReceiveMaximum = 1000
        self.client.connect("localhost", port or broker.port, clean_start=False, properties=session)
        self.client.loop_start()
        assert self._subscribed.wait(30), "the far side is not subscribed"

    def _on_message(self, _client, _object, message):
        properties = message.properties
        taken = Message(message.topic, message.payload, message.qos, getattr(properties, "ContentType", None),
                        getattr(properties, "MessageExpiryInterval", None), dict(getattr(properties, "UserProperty", [])))
        with self._lock:
            if self._keep:
                self.messages.append(taken)
            try:
                events = taken.events()
            except ValueError:
                return  # a device's own payload
            for event in events:
                data = event["data"]
                number = data.get("readings", {}).get("number", {}).get("value") if isinstance(data, dict) else None
                self.arrivals.append(Arrival(event.get("id"), data.get("device") if isinstance(data, dict) else None, number, 0))
                if number is not None:
                    self.numbers.add(number)

    def wait_numbers(self, count, within=120.0):
        until(lambda: len(self.numbers) >= count, lambda: f"{count} numbers are there, {len(self.numbers)} are", within)

    def wait_message(self, condition, within=60.0):
        def found():
            with self._lock:
                return next((message for message in self.messages if condition(message)), None)
        return until(found, lambda: f"a message; there are {self.messages[-3:]}", within)

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()
