"""What an Azure IoT hub sends down (learn.microsoft.com, "Communicate with an IoT hub using the MQTT protocol", "Send
cloud-to-device messages from an IoT hub", "Understand and invoke direct methods from IoT Hub", "Understand and use device twins
in IoT Hub"). Cloud-to-device messages wait until their PUBACK, whatever the connection; methods and changes of the twin reach
only who is connected. Strict: what a hub would not take is a Mistake, and ends the connection."""
import datetime
import itertools
import json
import re
import struct
import threading
import time
import urllib.parse

SUBSCRIPTIONS_MAX = 5
PROPERTIES_BYTES_MAX = 32 * 1024


class Mistake(Exception):
    """What a hub answers by closing the connection."""


class Line:
    """One connection. Any thread may send."""

    def __init__(self, peer):
        self._peer, self._lock = peer, threading.Lock()
        self.rids = set()  # of methods that were called over it

    def send(self, packet):
        with self._lock:
            self._peer.sendall(packet)

    def publish(self, topic, payload, packet_id=None, again=False):
        name, number = topic.encode(), b"" if packet_id is None else struct.pack(">H", packet_id)
        body = struct.pack(">H", len(name)) + name + number + payload
        size, length = len(body), b""
        while True:
            size, byte = size >> 7, size & 127
            length += bytes([byte | (128 if size else 0)])
            if not size:
                break
        self.send(bytes([0x30 | (2 if packet_id is not None else 0) | (8 if again else 0)]) + length + body)


class Message:
    """A cloud-to-device message. `acknowledged_at` (time.monotonic) once its PUBACK came; `sent` and `pubacks` count."""

    def __init__(self, number, topic, payload):
        self.number, self.topic, self.payload = number, topic, payload
        self.sent, self.pubacks, self.acknowledged_at, self.line = 0, 0, None, None

    def send(self, line):
        self.sent += 1
        self.line = line
        try:
            line.publish(self.topic, self.payload, self.number, again=self.sent > 1)
        except OSError:
            pass  # it waits for the next connection


class Downlink:
    """`status_of_reports`: what the hub answers to reported properties; None: nothing. `forgets`: PUBACKs are lost on their
    way, so that messages come again. Both may be changed at any time."""

    def __init__(self, device, mistakes):
        self.mistakes = mistakes
        self.desired, self.reported, self.version, self.reported_version = {}, {}, 1, 1
        self.messages, self.reports, self.gets, self.sessions = [], [], 0, []
        self.status_of_reports, self.forgets = 204, False
        self.late_answers = []  # (rid, status) that nobody waited for
        self._filters = {name: qos for name, qos in (
            (f"devices/{device}/messages/devicebound/#", 1), ("$iothub/methods/POST/#", 0), ("$iothub/twin/res/#", 0),
            ("$iothub/twin/PATCH/properties/desired/#", 0))}
        self._bound = f"devices/{device}/messages/devicebound/"
        self._lock, self._changed = threading.RLock(), threading.Condition()
        self._line, self._granted, self._calls, self._rids = None, set(), {}, itertools.count(1)

    # ----- for tests -----

    def c2d(self, body, properties=None):
        """Queues a message. `properties` None: one that expires in a minute (`$.exp`); {}: none at all."""
        if properties is None:
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=60)
            properties = {"$.exp": soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        with self._lock:
            number = len(self.messages) + 1
            bag = urllib.parse.urlencode({"$.mid": f"c2d-{number}", "$.to": self._bound.rstrip("/"), **properties}, quote_via=urllib.parse.quote, safe="")
            message = Message(number, self._bound + bag, body if isinstance(body, bytes) else json.dumps(body).encode())
            self.messages.append(message)
            if self._listens(self._bound + "#"):
                message.send(self._line)
        return message

    def method(self, name, body, timeout=30.0):
        """Calls a direct method, as the cloud does: (status, body) of the answer. (404, None): not connected; (504, None): none came."""
        with self._lock:
            if not self._listens("$iothub/methods/POST/#"):
                return 404, None
            rid, line = f"{next(self._rids):x}", self._line
            self._calls[rid] = None
            line.rids.add(rid)
        try:
            line.publish(f"$iothub/methods/POST/{name}/?$rid={rid}", b"" if body is None else json.dumps(body).encode())
        except OSError:
            return 404, None
        with self._changed:
            self._changed.wait_for(lambda: self._calls[rid] is not None, timeout)
            answer = self._calls.pop(rid)
        return answer or (504, None)

    def desire(self, changes):
        """Changes desired properties; null takes one away. The new version."""
        assert is_twin(changes), f"a hub does not take {changes}"
        with self._lock:
            merge(self.desired, changes)
            self.version += 1
            if self._listens("$iothub/twin/PATCH/properties/desired/#"):
                self._send_quietly(f"$iothub/twin/PATCH/properties/desired/?$version={self.version}", {**changes, "$version": self.version})
            return self.version

    def ready(self):
        """Everything a device can listen to is subscribed."""
        with self._lock:
            return self._line is not None and set(self._filters) <= self._granted

    # ----- for the hub's connections -----

    def connected(self, peer, clean):
        with self._lock:
            present = not clean and bool(self._granted)
            if clean:
                self._granted = set()
            self.sessions.append("clean" if clean else "kept")
            self._line = line = Line(peer)
            line.send(bytes([0x20, 2, int(present), 0]))
            if present:
                self._send_queue()
            return line

    def left(self, line):
        with self._lock:
            self._line = None if self._line is line else self._line

    def subscribe(self, line, body):
        packet_id, at, granted = body[:2], 2, []
        with self._lock:
            while at < len(body):
                size = int.from_bytes(body[at:at + 2], "big")
                name, qos = body[at + 2:at + 2 + size].decode(), body[at + 2 + size]
                at += 3 + size
                if name not in self._filters:
                    raise Mistake(f"subscribes to {name}")
                if qos != self._filters[name]:
                    raise Mistake(f"subscribes to {name} with QoS {qos}")
                self._granted.add(name)
                if len(self._granted) > SUBSCRIPTIONS_MAX:
                    raise Mistake("more than five subscriptions")
                granted.append(min(qos, 1))
            if not granted:
                raise Mistake("a SUBSCRIBE without a filter")
            line.send(bytes([0x90, 2 + len(granted)]) + packet_id + bytes(granted))
            if self._listens(self._bound + "#"):
                self._send_queue()

    def acknowledged(self, body):
        number = int.from_bytes(body[:2], "big")
        with self._lock:
            if not 1 <= number <= len(self.messages) or not self.messages[number - 1].sent:
                raise Mistake(f"PUBACK of {number}, which was not sent")
            self.messages[number - 1].pubacks += 1
            if not self.forgets:
                self.messages[number - 1].acknowledged_at = time.monotonic()

    def published(self, line, kind, topic, payload):
        if kind != 0x30:
            raise Mistake(f"{topic} with flags {kind & 15:#x}")
        for pattern, take in ((r"\$iothub/methods/res/(\d+)/\?\$rid=([^&/]+)", self._method_answer),
                              (r"\$iothub/twin/GET/\?\$rid=([^&/]+)", self._twin_get),
                              (r"\$iothub/twin/PATCH/properties/reported/\?\$rid=([^&/]+)", self._twin_report)):
            found = re.fullmatch(pattern, topic)
            if found:
                return take(line, payload, *found.groups())
        raise Mistake(f"topic {topic}")

    def _method_answer(self, line, payload, status, rid):
        if rid not in line.rids:
            raise Mistake(f"answers method {rid}, which was not called over this connection")
        line.rids.remove(rid)
        answer = int(status), self._json(payload) if payload else None
        with self._changed:
            if rid in self._calls:
                self._calls[rid] = answer
            else:
                self.late_answers.append((rid, answer))
            self._changed.notify_all()

    def _twin_get(self, line, payload, rid):
        if payload:
            raise Mistake("a question for the twin with a body")
        with self._lock:
            self.gets += 1
            twin = {"desired": {**self.desired, "$version": self.version}, "reported": {**self.reported, "$version": self.reported_version}}
            line.publish(f"$iothub/twin/res/200/?$rid={rid}", json.dumps(twin).encode())

    def _twin_report(self, line, payload, rid):
        changes = self._json(payload)
        with self._lock:
            status = self.status_of_reports
            if status == 204 and not (isinstance(changes, dict) and is_twin(changes)):
                self.mistakes.append(f"reported properties {payload[:200]!r}")
                status = 400
            if status is None:
                return
            if status == 204:
                self.reports.append(changes)
                merge(self.reported, changes)
                self.reported_version += 1
            if len(json.dumps(self.reported)) > PROPERTIES_BYTES_MAX:
                raise Mistake("more than 32 KB of reported properties")
            version = f"&$version={self.reported_version}" if status == 204 else ""
            line.publish(f"$iothub/twin/res/{status}/?$rid={rid}{version}", b"")

    # ----- inside -----

    def _listens(self, name):
        return self._line is not None and name in self._granted

    def _send_queue(self):
        for message in self.messages:
            if message.acknowledged_at is None and message.line is not self._line:
                message.send(self._line)

    def _send_quietly(self, topic, content):
        try:
            self._line.publish(topic, json.dumps(content).encode())
        except OSError:
            pass  # gone: it asks for the twin when it comes back

    @staticmethod
    def _json(payload):
        try:
            return json.loads(payload)
        except ValueError as error:
            raise Mistake(f"no JSON: {payload[:200]!r}") from error


def merge(into, changes):
    """As a twin is changed: member by member, null takes one away."""
    for name, value in changes.items():
        if value is None:
            into.pop(name, None)
        elif isinstance(value, dict):
            if not isinstance(into.get(name), dict):
                into[name] = {}
            merge(into[name], value)
        else:
            into[name] = value


def is_twin(value, depth=1):
    """Names without control characters, ".", "$" and space, 1 KB at most; ten levels; texts of 4 KB."""
    if isinstance(value, dict):
        return depth <= 10 and all(name and len(name.encode()) <= 1024 and not re.search(r"[\x00-\x20\x7f-\x9f.$]", name)
                                   and is_twin(inner, depth + 1) for name, inner in value.items())
    return len(value.encode()) <= 4096 if isinstance(value, str) else not isinstance(value, list) or all(is_twin(each, depth + 1) for each in value)
