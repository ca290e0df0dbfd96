"""deploy/quickstart shows what it promises, twice in a row, and cleans up after itself, Ctrl-C included."""
import os
import re
import signal

import pytest
from stage.places import ROOT, binary
from stage.process import Process
from stage.waiting import until


@pytest.fixture(name="quickstart")
def _quickstart(tmp_path):
    running = []

    def start(*options):
        environment = {**os.environ, "TMPDIR": str(tmp_path), "NO_COLOR": "1"}
        process = Process([ROOT / "deploy" / "quickstart", "--program", binary(), *options], tmp_path / "quickstart.log", environment,
                          own_group=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.end()


def children_of_its_folder(process):
    """Processes that were started with its folder on their command line and are still there."""
    folder = next(re.search(r"/\S*sluice-quickstart\S*", line).group().rstrip("/.,") for line in process.out + process.err if "sluice-quickstart" in line)
    found = []
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                if folder.encode() in file.read():
                    found.append(entry)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("time", [1, 2])
def test_shows_that_nothing_is_lost(quickstart, time):
    process = quickstart("--for", "15s", "--cut", "4s")
    assert process.wait(within=150) == 0, process.err[-5:]
    said = "\n".join(process.out)
    for family in ("tasmota/", "currentcost/", "weatherstation/", "button/", "home/"):
        assert family in said, f"no event of {family} in run {time}"
    backlogs = [int(number) for number in re.findall(r"backlog +(\d+)", said)]
    assert max(backlogs) > 0 and backlogs[-1] == 0
    assert re.search(r"delivered [1-9]\d*.*lost 0", process.out[-1]), process.out[-1]
    assert not children_of_its_folder(process)


def test_ctrl_c_counts_and_cleans_up(quickstart):
    process = quickstart()
    until(lambda: any("tasmota/" in line for line in process.out) or not process.alive(), "events flow")
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to everything in the foreground
    assert process.wait(within=60) == 0, process.err[-5:]
    assert "lost 0" in process.out[-1]
    assert not children_of_its_folder(process)
