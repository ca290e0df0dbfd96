"""The program under test: a real `sluice run` with a configuration made for the test, and its command line."""
import contextlib
import copy
import http.client
import json
import os
import sqlite3
import subprocess

from .accounts import balance
from .places import SCHEMAS, binary
from .ports import free_port
from .process import Process
from .waiting import until

PROBE_SCHEMAS = os.path.join(os.path.dirname(__file__), "..", "schemas")


class Gateway:
    """`changes` are laid over the configuration, section by section. A gateway that is killed is started again with
    `start`: same folder, same configuration."""

    def __init__(self, folder, broker, clouds=(), environment=None, **changes):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.process = folder, None
        self.port = free_port()
        self.environment = {**os.environ, "SLUICE_SCHEMAS": str(SCHEMAS), **(environment or {})}
        self.config = {
            "gateway": {"id": "test", "data_dir": str(folder / "data"), "timezone": "Europe/Berlin"},
            "local_broker": {"url": broker.url},
            "schemas": {"dirs": [os.path.realpath(PROBE_SCHEMAS)]},
            "clouds": [copy.deepcopy(cloud) for cloud in clouds],
            "api": {"listen": f"127.0.0.1:{self.port}"},
        }
        for section, keys in changes.items():
            self.config.setdefault(section, {}).update(keys)
        self.config_file = folder / "sluice.yaml"
        self.write_config()

    def write_config(self):
        self.config_file.write_text(json.dumps(self.config, indent=2) + "\n")  # JSON is YAML

    @property
    def data(self):
        return self.folder / "data"

    def start(self, ready=True):
        self.process = Process([binary(), "run", "--config", self.config_file], self.folder / "sluice.log", self.environment)
        if ready:
            self.wait_ready()
        return self

    def wait_ready(self, within=60.0):
        until(lambda: self.get("/readyz")[0] == 200 or not self.process.alive(), lambda: f"the gateway is ready: {self.process.err[-5:]}", within)
        assert self.process.alive(), f"the gateway ended with {self.process.wait()}: {self.process.err[-5:]}"

    def kill(self):
        self.process.kill()

    def stop(self, within=60.0):
        return self.process.stop(within)

    def end(self):
        if self.process:
            self.process.end()

    def get(self, path, headers=None):
        """(status, headers, body) of its HTTP interface; status 0 where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, {}, ""
        finally:
            connection.close()

    @property
    def token(self):
        """Of the HTTP interface, as the gateway made it at its first start."""
        return (self.data / "api.token").read_text(encoding="ascii").strip()

    def post(self, path, content, headers=None):
        """(status, headers, content) of a change over the HTTP interface, with its token; `content` is JSON, or bytes."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        whole = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        try:
            connection.request("POST", path, body, whole)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), json.loads(answer.read())
        finally:
            connection.close()

    def wait_device(self, name, presence=None, within=60.0):
        """The device, once it is known, and its presence as wanted."""
        def look():
            code, _, body = self.get(f"/api/v1/devices/{name}")
            device = json.loads(body) if code == 200 else None
            return device if device and presence in (None, device["presence"]) else None
        return until(look, lambda: f"{name} is {presence or 'known'}: {self.get('/api/v1/devices')}", within)

    def status_unchecked(self):
        code, _, body = self.get("/api/v1/status")
        if code != 200:
            raise OSError(f"status: {code} {body}")
        return json.loads(body)

    def status(self):
        return balance(self.status_unchecked())

    def cloud(self, name="hooks"):
        return next(cloud for cloud in self.status()["clouds"] if cloud["name"] == name)

    def wait_status(self, condition, what, within=60.0):
        """The first status for which `condition(status)` holds."""
        seen = {}

        def look():
            try:
                seen["last"] = self.status()
            except OSError:
                return None
            return seen["last"] if condition(seen["last"]) else None

        return until(look, lambda: f"{what}; last seen: {json.dumps(seen.get('last'))}", within)

    def wait_drained(self, name="hooks", within=120.0):
        def empty(status):
            return all(c["backlog"]["records"] == 0 for c in status["clouds"] if c["name"] == name)
        return self.wait_status(empty, f"the backlog of {name} is empty", within)

    def quarantine(self):
        """The rows of its quarantine, oldest first."""
        with contextlib.closing(sqlite3.connect(f"file:{self.data}/sluice.db?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM quarantine ORDER BY 1")]

    def rss_anon(self):
        """Bytes of private memory."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next((int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon")), 0)  # 0: it has just ended

    def command(self, *arguments, text=None, config=True):
        """Runs `sluice` with these arguments to its end."""
        whole = [binary(), *arguments, *(["--config", self.config_file] if config else [])]
        return subprocess.run([str(part) for part in whole], input=text, capture_output=True, text=True, timeout=60,
                              env=self.environment, check=False)
