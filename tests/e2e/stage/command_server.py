"""A cloud that is asked for commands over HTTPS, and hears of their outcomes. Real TLS, http.server."""
import http.server
import json
import ssl
import threading

from .waiting import until


class CommandServer:
    """`pending` are the commands that each GET answers until their outcome has come; `hold` makes a GET wait for one (long
    poll). `refuse` answers the next outcomes with this status. In the answers to uplink requests go `in_answers`."""

    def __init__(self, authority=None):
        self.pending, self.outcomes, self.requests, self.events = [], [], [], []
        self.in_answers, self.hold, self.refuse, self.version = [], 0.0, 0, 0
        self._changed = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.owner = self
        self._tls = authority is not None
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.server("commands", "localhost"))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._authority = authority
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def cloud(self, name="hooks", downlink=None, **more):
        scheme, host = ("https", "localhost") if self._tls else ("http", "127.0.0.1")
        base = f"{scheme}://{host}:{self._server.server_address[1]}"
        tls = {"tls": {"ca_file": str(self._authority.file)}} if self._tls else {}
        return {"name": name, "type": "webhook", "url": f"{base}/events", **tls,
                "downlink": {"poll": f"{base}/commands?tenant=1", "every": "1s"} if downlink is None else downlink, **more}

    def offer(self, *commands):
        with self._changed:
            self.pending.extend(commands)
            self.version += 1
            self._changed.notify_all()

    def outcome(self, identity, within=60.0):
        return until(lambda: next((each for each in list(self.outcomes) if each["id"] == identity), None),
                     lambda: f"the outcome of {identity}; there are {self.outcomes[-3:]}", within)

    def get(self, headers):
        with self._changed:
            if not self.pending and self.hold:
                self._changed.wait(self.hold)
            if not self.pending:
                return 204, {}, b""
            tag = f'"{self.version}"'
            if headers.get("If-None-Match") == tag:
                return 304, {"ETag": tag}, b""
            return 200, {"ETag": tag, "Content-Type": "application/json"}, json.dumps(self.pending).encode()

    def post(self, path, headers, body):
        self.requests.append((path, dict(headers), body))
        if path.startswith("/commands/"):
            if self.refuse:
                return self.refuse, {}, b""
            content = json.loads(body)
            with self._changed:
                self.outcomes.append(content)
                self.pending = [each for each in self.pending if not isinstance(each, dict) or each.get("id") != content["id"]]
                self.version += 1
            return 200, {}, b""
        events = json.loads(body)
        self.events.extend(events)
        answer = {"commands": self.in_answers} if self.in_answers else {}
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def end(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _answer(self, status, headers, body):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(body)

    def do_GET(self):
        self.server.owner.requests.append((self.path, dict(self.headers), b""))
        self._answer(*self.server.owner.get(self.headers))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(*self.server.owner.post(self.path, self.headers, body))

    def log_message(self, *_):
        pass
