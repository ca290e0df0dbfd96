"""A real mosquitto, with the settings that Sluice ships."""
import os
import pwd
import re
import signal

from .places import SHIPPED_MOSQUITTO
from .ports import free_port, is_open
from .process import Process
from .waiting import until

SENT = re.compile(r"Sending PUBLISH to \S+ \(d\d, q1, r\d, m(\d+), '([^']*)'")
PUBACK = re.compile(r"Received PUBACK from \S+ \(Mid: (\d+)")


class Broker:
    """`tls` is (certificate, key) of the listener. `debug` logs every packet, for tests of what is on the wire."""

    def __init__(self, folder, port=None, tls=None, debug=False, settings=()):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, port or free_port()
        self.scheme = "mqtts" if tls else "mqtt"
        self.process = None
        lines = [f"user {pwd.getpwuid(os.getuid()).pw_name}", f"listener {self.port} 127.0.0.1", "allow_anonymous true",
                 f"persistence_location {folder}/", "log_dest stderr",
                 "log_type all" if debug else "log_type error\nlog_type warning\nlog_type notice\nlog_type information"]
        if tls:
            lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
        shipped = SHIPPED_MOSQUITTO.read_text()
        self.config = folder / "mosquitto.conf"
        self.config.write_text("\n".join([*lines, shipped, *settings]) + "\n")

    @property
    def url(self):
        return f"{self.scheme}://localhost:{self.port}"

    def start(self):
        self.process = Process(["mosquitto", "-c", self.config], self.folder / "mosquitto.log")
        until(lambda: is_open(self.port) or not self.process.alive(), "mosquitto listens")
        assert self.process.alive(), f"mosquitto did not start: {self.process.err}"
        return self

    def stop(self):
        self.process.stop()

    def kill(self):
        """It comes back as it was when it saved last."""
        self.process.kill()

    def save(self):
        """Writes its sessions and what waits in them down now, as it does at each autosave_interval."""
        saved = self.folder / "mosquitto.db"
        before = saved.stat().st_mtime_ns if saved.exists() else 0
        self.process.signal(signal.SIGUSR1)
        until(lambda: saved.exists() and saved.stat().st_mtime_ns > before, "mosquitto saves")

    def end(self):
        if self.process:
            self.process.end()

    def packets(self, text):
        """Lines of its debug log that hold `text`, since it was started."""
        return [line for line in self.process.err if text in line]

    def sent(self, client="sluice-test"):
        """(packet id, topic) of each first delivery to this client since it was started; needs `debug`."""
        return [(int(found[1]), found[2]) for found in map(SENT.search, self.packets(f"PUBLISH to {client} (d0")) if found]

    def acknowledged(self, client="sluice-test"):
        """The topics of what this client acknowledged since it was started; needs `debug`."""
        topics, waiting = [], {}
        for line in self.packets(client):
            if found := SENT.search(line):
                waiting[found[1]] = found[2]
            elif (found := PUBACK.search(line)) and found[1] in waiting:
                topics.append(waiting.pop(found[1]))
        return topics
