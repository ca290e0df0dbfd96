"""Whoever commands at a cloud's broker: with MQTT 5 it names a response topic and hears the answers."""
import json
import ssl
import threading

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from .waiting import until


class Commander:
    def __init__(self, broker, topic="homes/test/commands", ca_file=None, login=None, answers="answers/commander", client_id="commander"):
        self.topic, self._answers = topic, answers
        self.answers = []  # (correlation, content)
        self._published = set()
        self._lock, ready = threading.Lock(), threading.Event()
        self.client = paho.Client(client_id=client_id, protocol=paho.MQTTv5)
        if ca_file:
            self.client.tls_set(str(ca_file), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if login:
            self.client.username_pw_set(*login)
        self.client.on_connect = lambda client, *_: client.subscribe(answers, qos=1)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = self._on_message
        self.client.on_publish = lambda _client, _object, mid: self._published.add(mid)
        self.client.max_queued_messages_set(0)
        self.client.reconnect_delay_set(1, 1)
        session = Properties(PacketTypes.CONNECT)
        session.SessionExpiryInterval = 3600
        self.client.connect("localhost", broker.port, clean_start=False, properties=session)
        self.client.loop_start()
        assert ready.wait(30), "the commander is not subscribed"

    def _on_message(self, _client, _object, message):
        with self._lock:
            self.answers.append((getattr(message.properties, "CorrelationData", None), json.loads(message.payload)))

    def answers_to(self, topic):
        """The response topic from now on; only the first one is listened to."""
        self._answers = topic

    def send(self, command, correlation=None, expiry=None, retain=False, qos=1, answered=True, wait=True):
        """`command` is JSON, or bytes. Returns when the broker has it, unless that is not waited for."""
        properties = Properties(PacketTypes.PUBLISH)
        if answered:
            properties.ResponseTopic = self._answers
        if correlation is not None:
            properties.CorrelationData = correlation
        if expiry is not None:
            properties.MessageExpiryInterval = expiry
        payload = command if isinstance(command, bytes) else json.dumps(command)
        sent = self.client.publish(self.topic, payload, qos=qos, retain=retain, properties=properties)
        # Without a connection it is queued and leaves with the next one.
        if wait:
            until(lambda: sent.mid in self._published, "the broker has the command")

    def answer_to(self, correlation, within=60.0):
        """The content of the first answer with that correlation."""
        return until(lambda: next((content for known, content in list(self.answers) if known == correlation), None),
                     lambda: f"an answer to {correlation!r}; there are {self.answers[-3:]}", within)

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()
