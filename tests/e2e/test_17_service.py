"""The service: what is installed, a unit that systemd finds no fault with, readiness told, and a watchdog that is fed by
the loop that does the work."""
import os
import re
import stat
import subprocess

import pytest
from stage import devices
from stage.obstacle import Obstacle
from stage.places import binary
from stage.systemd import Systemd
from stage.waiting import holds_for, until


@pytest.fixture(name="root", scope="module")
def _root(tmp_path_factory):
    """The installed tree."""
    root = tmp_path_factory.mktemp("root")
    build = binary().parent.parent
    subprocess.run(["cmake", "--install", build, "--prefix", "/usr"], check=True, capture_output=True, env={**os.environ, "DESTDIR": str(root)})
    return root


def test_everything_is_installed(root):
    [unit] = root.rglob("sluice.service")
    assert "Type=notify" in unit.read_text()
    assert (root / "usr/bin/sluice").exists() and (root / "usr/share/sluice/schemas/tasmota.yaml").exists()
    assert list(root.rglob("mosquitto/sluice.conf"))
    shown = subprocess.run([root / "usr/bin/sluice", "schemas", "list"], capture_output=True, text=True, check=True,
                           env={name: value for name, value in os.environ.items() if name != "SLUICE_SCHEMAS"})
    assert "tasmota" in shown.stdout
    for config in root.glob("etc/sluice/sluice.yaml"):
        assert stat.S_IMODE(config.stat().st_mode) == 0o640


def test_systemd_finds_no_fault_with_the_unit(root, tmp_path):
    [unit] = root.rglob("sluice.service")
    copy = tmp_path / "sluice.service"  # with the program where it is now: verify looks whether it is there
    copy.write_text(unit.read_text().replace("/usr/bin/sluice", str(root / "usr/bin/sluice")))
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert found.returncode == 0 and "sluice.service" not in found.stderr, found.stderr
    for demanded in ("WatchdogSec=", "Restart=always", "StateDirectory=sluice", "StateDirectoryMode=0750", "User="):
        assert re.search(f"^{demanded}", copy.read_text(), re.MULTILINE), f"the unit has no {demanded}"


def test_systemd_hears_of_start_work_and_stop(stage):
    systemd, obstacle = Systemd(stage.folder), Obstacle(stage.folder)
    broker = stage.broker()
    gateway = stage.gateway(broker, environment={**obstacle.environment, "NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "1000000"})
    until(lambda: systemd.count("READY=1"), "READY")
    until(lambda: systemd.count("WATCHDOG=1") >= 3, "the watchdog is fed")
    gateway.stop()
    until(lambda: systemd.count("STOPPING=1"), "STOPPING")


def test_watchdog_is_not_fed_while_the_work_hangs(stage):
    systemd, obstacle = Systemd(stage.folder), Obstacle(stage.folder)
    broker = stage.broker()
    stage.gateway(broker, environment={**obstacle.environment, "NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "1000000"})
    until(lambda: systemd.count("WATCHDOG=1"), "the watchdog is fed")
    obstacle.set("hang")
    devices.publish(broker, devices.probe(1))
    obstacle.wait_reached()

    def starves():
        before = systemd.count("WATCHDOG=1")
        try:
            holds_for(lambda: systemd.count("WATCHDOG=1") == before, 5, "fed")
        except AssertionError:
            return False
        return True

    until(starves, "the watchdog starves while a commit hangs", within=120)
    obstacle.clear()
    fed = systemd.count("WATCHDOG=1")
    until(lambda: systemd.count("WATCHDOG=1") > fed, "the watchdog is fed again")
