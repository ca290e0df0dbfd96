"""A real mosquitto, with the settings that Sluice ships."""
import os
import pwd

from .places import SHIPPED_MOSQUITTO
from .ports import free_port, is_open
from .process import Process
from .waiting import until


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

    def end(self):
        if self.process:
            self.process.end()

    def packets(self, text):
        """Lines of its debug log that hold `text`, since it was started."""
        return [line for line in self.process.err if text in line]
