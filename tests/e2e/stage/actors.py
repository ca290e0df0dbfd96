"""Simulated devices of the `actor` family: what they do is counted, by number."""
import collections
import json
import threading
import time

import paho.mqtt.client as paho


class Actors:
    """`count` devices, a0, a1, …, behind one client with a session that the broker holds, so that it knows of every
    publish, repeats with DUP aside."""

    def __init__(self, broker, count, client_id="actors"):
        self.names = [f"a{number}" for number in range(count)]
        self.done = collections.Counter()  # by number
        self.at = {}  # number -> time.time() of the first
        self.retained = 0
        self._lock, ready = threading.Lock(), threading.Event()
        self.client = paho.Client(client_id=client_id, protocol=paho.MQTTv311, clean_session=False)
        self.client.on_connect = lambda client, *_: client.subscribe([("actor/+/act", 1), ("actor/+/whisper", 1)])
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("localhost", broker.port)
        self.client.loop_start()
        assert ready.wait(30), "the actors are not subscribed"
        for name in self.names:
            self.client.publish(f"actor/{name}/presence", "online", qos=1, retain=True)

    def _on_message(self, client, _object, message):
        number = json.loads(message.payload)["number"]
        with self._lock:
            self.done[number] += 1
            self.at.setdefault(number, time.time())
            self.retained += message.retain
        if message.topic.endswith("/act"):
            client.publish(message.topic[:-len("act")] + "done", json.dumps({"number": number}))

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()
