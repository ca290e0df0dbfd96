"""Devices: single messages by paho, numbered ones in any quantity by the flood tool."""
import json
import socket
import ssl
import threading

import paho.mqtt.client as paho

from .places import tool
from .process import Process
from .waiting import until

BALLAST = "x" * 200
TOPIC = "probe/d{d}/count"
PAYLOAD = '{"n":{n},"sent_us":{t},"pad":"' + BALLAST + '"}'


def without_delay(client):
    """Small packets leave at once (TCP_NODELAY), as a device's do; paho for Python waits 40 ms for an acknowledgement."""
    client.on_socket_open = lambda _client, _object, opened: opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def publish(broker, *messages, qos=1, retain=False, ca_file=None):
    """Publishes (topic, payload) pairs and returns when the broker has all of them."""
    client = paho.Client(protocol=paho.MQTTv311)
    client.max_inflight_messages_set(1000)
    client.max_queued_messages_set(0)
    if ca_file:
        client.tls_set(str(ca_file), tls_version=ssl.PROTOCOL_TLS_CLIENT)
    client.connect("localhost", broker.port)
    client.loop_start()
    try:
        for sent in [client.publish(topic, payload, qos=qos, retain=retain) for topic, payload in messages]:
            sent.wait_for_publish(60)
            assert sent.is_published(), "the broker did not take a message"
    finally:
        client.disconnect()
        client.loop_stop()


def probe(number, device="d0"):
    """One numbered message, as the flood tool sends them."""
    return f"probe/{device}/count", json.dumps({"n": number, "pad": BALLAST})


class Listener:
    """Keeps everything that the broker hands on, as (topic, payload)."""

    def __init__(self, broker, topics):
        self.messages, subscribed = [], threading.Event()
        self.client = paho.Client(protocol=paho.MQTTv311)
        self.client.on_message = lambda _client, _object, message: self.messages.append((message.topic, message.payload))
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("localhost", broker.port)
        self.client.loop_start()
        self.client.subscribe([(topic, 1) for topic in topics])
        assert subscribed.wait(30), "the listener is not subscribed"

    def wait(self, topic, payload):
        until(lambda: (topic, payload) in self.messages, lambda: f"{payload!r} on {topic}; there are {self.messages[-5:]}")

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()


class Flood:
    """`count` numbered messages in the background: `rate` a second, or as fast as the broker acknowledges them."""

    def __init__(self, broker, log, count, rate=0, first=0, devices=10, qos=1, ca_file=None, window=1000):
        command = [tool("flood"), "--host", "localhost", "--port", broker.port, "--count", count, "--rate", rate,
                   "--first", first, "--devices", devices, "--qos", qos, "--window", window, "--topic", TOPIC, "--payload", PAYLOAD]
        if ca_file:
            command += ["--ca-file", ca_file]
        self.process = Process(command, log)

    def running(self):
        return self.process.alive()

    def finish(self, within=120.0):
        """What it did; every message is acknowledged by then."""
        assert self.process.wait(within) == 0, self.process.err
        return json.loads(self.process.out[-1])

    def end(self):
        self.process.end()
