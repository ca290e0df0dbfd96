"""Fixtures: everything that a test starts here is ended here, and its folder is kept when it fails."""
import concurrent.futures
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from stage.actors import Actors  # noqa: E402
from stage.broker import Broker  # noqa: E402
from stage.certificates import Authority  # noqa: E402
from stage.command_server import CommandServer  # noqa: E402
from stage.commander import Commander  # noqa: E402
from stage.devices import Flood, Listener  # noqa: E402
from stage.far_side import FarSide  # noqa: E402
from stage.front import Front  # noqa: E402
from stage.gateway import Gateway  # noqa: E402
from stage.receiver import Receiver  # noqa: E402
from stage.tasmota import Tasmota  # noqa: E402


class Stage:
    """Makes the actors of one test, each in a folder of its own, and ends them in the reverse order."""

    def __init__(self, folder):
        self.folder, self._actors, self._authority = folder, [], None

    def keep(self, actor):
        self._actors.append(actor)
        return actor

    def _folder(self, name):
        return self.folder / f"{name}{sum(1 for path in self.folder.iterdir() if path.name.startswith(name)) + 1}"

    @property
    def authority(self):
        if not self._authority:
            self._authority = Authority(self.folder / "authority")
        return self._authority

    def broker(self, start=True, **options):
        broker = self.keep(Broker(self._folder("broker"), **options))
        return broker.start() if start else broker

    def receiver(self, **options):
        return self.keep(Receiver(**options))

    def far_side(self, broker, **options):
        return self.keep(FarSide(broker, **options))

    def front(self, receiver, **options):
        return self.keep(Front(self._folder("front"), self.authority, receiver, **options)).start()

    def gateway(self, broker, clouds=(), start=True, **options):
        gateway = self.keep(Gateway(self._folder("gateway"), broker, clouds, **options))
        return gateway.start() if start else gateway

    def plug(self, broker, name, **options):
        return self.keep(Tasmota(broker, name, **options))

    def listener(self, broker, *topics):
        return self.keep(Listener(broker, topics))

    def actors(self, broker, count, **options):
        return self.keep(Actors(broker, count, **options))

    def commander(self, broker, **options):
        return self.keep(Commander(broker, **options))

    def command_server(self, tls=False):
        return self.keep(CommandServer(self.authority if tls else None))

    def far_broker(self, **options):
        """A cloud's broker: TLS, and a login."""
        passwords = self.folder / "passwords"
        passwords.write_text("home:a-right-password\n")
        self.run("mosquitto_passwd", "-U", passwords)
        return self.broker(tls=self.authority.server("far"), settings=["allow_anonymous false", f"password_file {passwords}"], **options)

    @staticmethod
    def later(call):
        """Begins `call` now, beside the test; what is returned waits for its end."""
        done = concurrent.futures.ThreadPoolExecutor(1).submit(call)
        return lambda: done.result(120)

    def flood(self, broker, count, **options):
        return self.keep(Flood(broker, self.folder / "flood.log", count, **options))

    @staticmethod
    def run(*command):
        subprocess.run([str(part) for part in command], check=True, capture_output=True)

    def end(self):
        for actor in reversed(self._actors):
            actor.end()


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    try:
        yield stage
    finally:
        stage.end()
