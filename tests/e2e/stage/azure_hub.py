"""A peer that speaks as Azure IoT Hub does by its pages (learn.microsoft.com, "Communicate with an IoT hub using the MQTT
protocol"): MQTT 3.1.1 over TLS, one connection a device, a token that expires, and for every mistake a closed connection
without a word. The way down (messages, methods, the twin) is in azure_downlink.py."""
import base64
import hashlib
import hmac
import secrets
import socket
import ssl
import struct
import threading
import time
import urllib.parse
from typing import NamedTuple

from .azure_downlink import Downlink, Mistake
from .ports import free_port
from .waiting import until

HOST, DEVICE = "localhost", "home-pi"
PACKET_MAX = 256 * 1024 + 4096


class Telemetry(NamedTuple):
    properties: dict
    payload: bytes


class AzureHub:
    """`delay` holds every PUBACK back for so many seconds; `mute` sends none at all; `drop_after` closes each connection after
    so many messages. All may be changed at any time. `down` is the way down, for `c2d`, `method` and the twin."""

    def __init__(self, authority):
        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.port = free_port()
        self.telemetry, self.mistakes, self.connects = [], [], []
        self.logins, self.refused = 0, 0
        self.expiries = set()  # of the tokens that were good
        self.delay, self.mute, self.drop_after = 0.0, False, None
        self._lock, self._current, self._ended = threading.Lock(), None, False
        self.down = Downlink(DEVICE, self.mistakes)
        certificate, key = authority.server("hub", HOST)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cloud(self, authority, **more):
        return {"name": "azure", "type": "azure_iot_hub", "host": HOST, "port": self.port, "device_id": DEVICE, "key": self.key,
                "tls": {"ca_file": str(authority.file)}, **more}

    def c2d(self, body, properties=None):
        return self.down.c2d(body, properties)

    def method(self, name, body, timeout=30.0):
        return self.down.method(name, body, timeout)

    def drop(self):
        """Ends the connection without a word, as a hub does that is moved or serviced."""
        with self._lock:
            if self._current is not None:
                self._shut(self._current)

    def end(self):
        self._ended = True
        self._listener.close()

    def wait_count(self, count, within=120.0):
        until(lambda: len(self.telemetry) >= count, lambda: f"{count} messages, {len(self.telemetry)} came; {self.mistakes}", within)

    def _accept(self):
        while not self._ended:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.connects.append(time.monotonic())
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain):
        try:
            with self._tls.wrap_socket(plain, server_side=True) as peer:
                self._talk(peer)
        except (OSError, EOFError):
            pass
        except Mistake as mistake:
            self.mistakes.append(str(mistake))

    def _talk(self, peer):
        kind, body = self._read(peer)
        if kind != 0x10:
            raise Mistake("the first packet is no CONNECT")
        expiry, keep_alive, clean = self._login(peer, body)
        with self._lock:
            if self._current is not None:
                self._shut(self._current)  # a second connection drops the first
            self._current = peer
        line = self.down.connected(peer, clean)
        self.logins += 1
        try:
            self._serve_packets(peer, line, expiry, keep_alive)
        finally:
            self.down.left(line)

    def _serve_packets(self, peer, line, expiry, keep_alive):
        taken = 0
        while True:
            left = expiry - time.time()
            if left <= 0:
                raise Mistake("the token has expired") if self._current is peer else EOFError
            peer.settimeout(min(left, keep_alive * 1.5))
            try:
                kind, body = self._read(peer)
            except TimeoutError:
                continue
            if kind >> 4 == 3:
                taken += 1
                self._publish(line, kind, body)
                if self.drop_after is not None and taken >= self.drop_after:
                    return
            elif kind == 0xC0:
                line.send(b"\xd0\x00")
            elif kind == 0x82:
                self.down.subscribe(line, body)
            elif kind == 0x40:
                self.down.acknowledged(body)
            elif kind == 0xE0:
                with self._lock:
                    self._current = None if self._current is peer else self._current
                return
            else:
                raise Mistake(f"packet {kind:#x} is not for a hub")

    def _login(self, peer, body):
        name, at = self._text(body, 0)
        level, flags, keep_alive = struct.unpack_from(">BBH", body, at)
        if (name, level) != ("MQTT", 4):
            raise Mistake(f"speaks {name} {level}")
        client, at = self._text(body, at + 4)
        user, at = self._text(body, at)
        password, at = self._text(body, at) if flags & 0x40 else ("", at)
        wrong = []
        if client != DEVICE:
            wrong.append(f"client id {client}")
        if user != f"{HOST}/{DEVICE}/?api-version=2021-04-12":
            wrong.append(f"user name {user}")
        if not 0 < keep_alive <= 1177:
            wrong.append(f"keep alive {keep_alive}")
        if flags & 0x04:
            wrong.append("a will")
        expiry = self._expiry(password, wrong)
        if wrong:
            self.refused += 1
            peer.sendall(b"\x20\x02\x00\x05")
            raise Mistake("; ".join(wrong))
        self.expiries.add(expiry)
        return expiry, keep_alive, bool(flags & 0x02)

    def _expiry(self, token, wrong):
        scheme, _, fields = token.partition(" ")
        pairs = dict(field.split("=", 1) for field in fields.split("&") if "=" in field)
        signed = f"{pairs.get('sr')}\n{pairs.get('se')}".encode()
        right = base64.b64encode(hmac.new(base64.b64decode(self.key), signed, hashlib.sha256).digest()).decode()
        if scheme != "SharedAccessSignature" or urllib.parse.unquote(pairs.get("sig", "")) != right:
            wrong.append("a wrong signature")
        if urllib.parse.unquote(pairs.get("sr", "")) != f"{HOST}/devices/{DEVICE}" or "skn" in pairs:
            wrong.append(f"token for {pairs.get('sr')}")
        expiry = int(pairs.get("se", "0"))
        if expiry <= time.time():
            wrong.append("an expired token")
        return expiry

    def _publish(self, line, kind, body):
        topic, at = self._text(body, 0)
        if topic.startswith("$iothub/"):
            return self.down.published(line, kind, topic, body[at:])
        if kind & 0x06 != 0x02 or kind & 0x01:
            raise Mistake(f"a PUBLISH with QoS {(kind & 0x06) >> 1}, retain {kind & 1}")
        packet_id, payload = body[at:at + 2], body[at + 2:]
        beginning = f"devices/{DEVICE}/messages/events/"
        if not topic.startswith(beginning) or set(topic) & set("+#"):
            raise Mistake(f"topic {topic}")
        bag = topic[len(beginning):]
        if not bag.isascii() or " " in bag:
            raise Mistake(f"property bag {bag}")
        properties = {urllib.parse.unquote(name): urllib.parse.unquote(value) for name, value in (pair.split("=") for pair in bag.split("&"))}
        if not properties.get("$.mid"):
            raise Mistake("a message without an id")
        self.telemetry.append(Telemetry(properties, payload))
        if self.mute:
            return
        if self.delay:
            time.sleep(self.delay)
        line.send(b"\x40\x02" + packet_id)

    @staticmethod
    def _text(body, at):
        size = int.from_bytes(body[at:at + 2], "big")
        return body[at + 2:at + 2 + size].decode(), at + 2 + size

    @staticmethod
    def _shut(peer):
        try:
            peer.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _read(self, peer):
        kind = self._exactly(peer, 1)[0]
        peer.settimeout(30)  # a packet that has begun comes whole
        size, shift = 0, 0
        while True:
            byte = self._exactly(peer, 1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if size > PACKET_MAX:
            raise Mistake(f"a packet of {size} bytes")
        return kind, self._exactly(peer, size)

    @staticmethod
    def _exactly(peer, size):
        read = b""
        while len(read) < size:
            more = peer.recv(size - len(read))
            if not more:
                raise EOFError
            read += more
        return read
