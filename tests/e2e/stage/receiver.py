"""A webhook receiver that a test can script: it records what it accepted, and fails as it is told to."""
import gzip
import http.server
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from .waiting import until


class Arrival(NamedTuple):
    id: str
    device: str
    number: object  # of the probe family, else None
    at: float


@dataclass
class Request:
    headers: dict
    body: bytes
    events: list
    at: float
    status: int = 0


@dataclass
class Answer:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False  # the request is taken, the connection closed without a word


def accept(_request):
    return Answer()


def always(status, **headers):
    return lambda _request: Answer(status, {name.replace("_", "-"): str(value) for name, value in headers.items()})


class Receiver:
    """Threaded; `answer` may be replaced at any time and may block. Takes every format that the gateway sends."""

    def __init__(self, keep_events=True):
        self.answer = accept
        self.arrivals, self.events, self.requests = [], [], []
        self.numbers = set()  # of the probe family's records
        self._keep_events = keep_events
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.receiver = self
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def port(self):
        return self._server.server_address[1]

    def take(self, headers, body):
        request = Request(headers, body, parse(headers, body), time.monotonic())
        answer = self.answer(request)
        request.status = answer.status
        if not self._keep_events:
            request.body = b""
        with self._lock:
            self.requests.append(request)
            if answer.status < 300:
                self._record(request)
        if not self._keep_events:
            request.events = len(request.events)
        return answer

    def _record(self, request):
        for event in request.events:
            data = event["data"]
            number = data.get("readings", {}).get("number", {}).get("value")
            self.arrivals.append(Arrival(event["id"], event.get("subject", ""), number, request.at))
            if number is not None:
                self.numbers.add(number)
        if self._keep_events:
            self.events.extend(request.events)

    def wait_numbers(self, count, within=60.0):
        """Waits for so many different numbered records."""
        until(lambda: len(self.numbers) >= count, lambda: f"{count} numbers at the receiver, {len(self.numbers)} are there", within)

    def wait_event(self, condition, within=60.0):
        """The first event for which `condition(event)` holds."""
        return until(lambda: next((event for event in list(self.events) if condition(event)), None),
                     lambda: f"an event at the receiver; there are {[e['type'] + ' ' + e.get('subject', '') for e in self.events[-5:]]}",
                     within)

    def cloud(self, name="hooks", **more):
        """This receiver as a cloud of the configuration, without TLS."""
        return {"name": name, "type": "webhook", "url": f"http://127.0.0.1:{self.port}/events", **more}

    def end(self):
        self._server.shutdown()
        self._server.server_close()


def parse(headers, body):
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    if headers["content-type"].startswith("application/x-ndjson"):
        return [json.loads(line) for line in body.splitlines()]
    events = json.loads(body)
    return events if isinstance(events, list) else [events]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a gateway that was killed, in the middle of a request


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True  # whoever sent it is gone: it was never a request
            return
        answer = self.server.receiver.take(headers, body)
        if answer.cut:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_):
        pass
