"""`sluice selftest`: on one's own disk, beside a gateway that runs; whatever ends it, nothing is left of it."""
import json
import os
import resource
import signal
import subprocess

import pytest
from stage.experiment import note_figures
from stage.obstacle import Obstacle
from stage.places import binary
from stage.waiting import until

LONG = ("--messages", "1000000")


def selftest(*arguments, environment=None, **more):
    """Begun; its output goes through pipes that end when its last process has."""
    return subprocess.Popen([str(binary()), "selftest", *(str(part) for part in arguments)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, **(environment or {})}, **more)


def ended(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.fixture(name="place")
def make_place(tmp_path):
    """A folder in which nothing may be left."""
    place = tmp_path / "place"
    place.mkdir()
    yield place
    assert not list(place.iterdir())


def wait_at_work(place):
    until(lambda: any(file.stat().st_size > 100_000 for file in place.glob("*/sluice.db-wal")), "it is at work")


def test_nothing_is_lost_beside_a_running_gateway(stage):
    gateway = stage.gateway(stage.broker(start=False), start=False).start(ready=False)
    until(lambda: gateway.get("/healthz")[0] == 200, "the gateway runs")
    before = sorted(file.name for file in gateway.data.iterdir())
    answer = gateway.command("selftest", "--messages", "2000", "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    told = json.loads(answer.stdout)
    assert told["held"] and told["sent"] == told["acknowledged"] == told["delivered"] == 2000
    assert [told[name] for name in ("lost", "two_ids", "order_broken", "garbled")] == [0, 0, 0, 0]
    assert (told["crashes"], told["outages"]) == (5, 1) and told["repeated"] >= 1 and told["backlog_max"] >= 100
    assert told["single"]["messages"] + told["grouped"]["messages"] == 2000
    assert told["single"]["commits"] == told["single"]["messages"] and told["grouped"]["commits"] < 40
    assert told["folder"] == str(gateway.data)
    assert sorted(file.name for file in gateway.data.iterdir()) == before
    assert gateway.get("/healthz")[0] == 200 and gateway.status()["messages"]["received"] == 0
    note_figures("selftest", "P1 P3 P4", 0, **{name: told[name] for name in ("sent", "delivered", "lost", "two_ids", "order_broken", "crashes")})


def test_says_it_in_one_line_and_that_memory_is_no_disk():
    code, out, err = ended(selftest("--dir", "/dev/shm", "--messages", "2000"))
    assert code == 0, err
    assert out.splitlines()[0] == "Nothing lost: 2000 sent, 2000 delivered, 5 crashes, 1 outage"
    assert "\x1b" not in out and "not known here" in out
    assert "/dev/shm is a file system in memory" in err and "\r" not in err


def test_a_folder_that_cannot_be_written(tmp_path):
    for folder in (tmp_path / "nowhere", "/proc"):
        code, out, err = ended(selftest("--dir", folder))
        assert code == 74 and not out
        assert f"cannot write in {folder}" in err and "--dir" in err


def test_a_disk_that_is_full_in_the_middle(place):
    full = ended(selftest("--dir", place, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))))
    assert full[0] == 74 and not full[1] and str(place) in full[2]


def test_a_disk_that_fails_in_the_middle(place, tmp_path):
    obstacle = Obstacle(tmp_path)
    process = selftest("--dir", place, *LONG, environment=obstacle.environment)
    wait_at_work(place)
    obstacle.set("fail")
    code, out, err = ended(process)
    assert code == 74 and not out and str(place) in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_by_hand(place, number):
    process = selftest("--dir", place, *LONG)
    wait_at_work(place)
    process.send_signal(number)
    code, out, _ = ended(process)
    assert code == -number and not out


def test_ended_by_hand_while_the_disk_hangs(place, tmp_path):
    obstacle = Obstacle(tmp_path)
    process = selftest("--dir", place, *LONG, environment=obstacle.environment)
    wait_at_work(place)
    obstacle.set("hang")
    obstacle.wait_reached()
    process.send_signal(signal.SIGINT)
    assert ended(process)[0] == -signal.SIGINT


def test_wrong_usage_and_configuration(tmp_path):
    assert ended(selftest("--messages", "10", "--dir", tmp_path))[0] == 64
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("gateway: { id: x, dat_dir: y }\n")
    code, out, err = ended(selftest("--config", wrong))
    assert code == 78 and not out and f"{wrong}:1:" in err and "--dir" in err
