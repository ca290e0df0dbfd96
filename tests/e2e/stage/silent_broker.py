"""A broker that takes a connection and says CONNACK, but keeps every SUBACK until it is told."""
import socket
import threading

from .ports import free_port


class SilentBroker:
    """Speaks as much MQTT 5 and 3.1.1 as one subscriber needs (MQTT 5 sections 3.1, 3.8 and 3.12)."""

    def __init__(self):
        self.port = free_port()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._subscribes, self._socket, self._version = [], None, 4
        self._answering = False
        self._lock = threading.Lock()
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def url(self):
        return f"mqtt://localhost:{self.port}"

    def asked(self):
        return bool(self._subscribes)

    def answer(self):
        with self._lock:
            self._answering = True
            for body in self._subscribes:
                self._suback(body)

    def end(self):
        self._listener.close()
        if self._socket:
            self._socket.close()

    def _run(self):
        try:
            while True:
                self._socket, _ = self._listener.accept()
                self._serve(self._socket.makefile("rb"))
        except OSError:
            pass  # closed at the end of the test

    def _serve(self, stream):
        while True:
            head = stream.read(1)
            if not head:
                return
            kind, body = head[0] >> 4, stream.read(self._length(stream))
            if kind == 1:  # CONNECT: protocol name, then its version
                self._version = body[6]
                self._send(0x20, b"\0\0\0" if self._version == 5 else b"\0\0")
            elif kind == 8:
                with self._lock:
                    self._subscribes.append(body)
                    if self._answering:
                        self._suback(body)
            elif kind == 12:
                self._send(0xD0, b"")

    @staticmethod
    def _length(stream):
        value, shift = 0, 0
        while True:
            byte = stream.read(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def _suback(self, body):
        at = 3 + body[2] if self._version == 5 else 2  # after the packet id and, in version 5, the properties
        codes = b""
        while at < len(body):
            at += 2 + int.from_bytes(body[at:at + 2], "big") + 1
            codes += b"\x01"
        self._send(0x90, body[:2] + (b"\0" if self._version == 5 else b"") + codes)

    def _send(self, head, body):
        assert len(body) < 128
        self._socket.sendall(bytes([head, len(body)]) + body)
