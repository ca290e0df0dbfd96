#!/usr/bin/env python3
"""Clouds over MQTT, measured with the real program: how fast a waiting backlog goes up beside a bare Paho publisher on the
same broker in the same run, what an idle connection costs, and what one cloud notices of another's hanging name server.
Ratios of one run mean something; figures of different machines do not. --quick shows only that everything works."""
import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from stage.far_side import FarSide  # noqa: E402
from stage.obstacle import Obstacle  # noqa: E402
from stage.places import tool  # noqa: E402
from stage.process import Process  # noqa: E402
from stage.waiting import until  # noqa: E402
from whole import Broker, Run, cpu_seconds, said  # noqa: E402


def cloud(broker, **more):
    return {"name": "far", "type": "mqtt", "url": broker.url, **more}


def uplink(folder, count):
    """Records a second from a waiting backlog, and messages a second of the bare publisher, taken in turn."""
    with Run(folder, "uplink") as run:
        far = run.keep(Broker(run.folder / "far"))
        gateway = run.gateway(cloud(far))
        run.flood(count, "--devices", 20)
        gateway.wait_status(lambda status: status["stored"] >= count, "all is stored", 600)
        far.start()
        until(lambda: gateway.status_unchecked()["clouds"][0]["delivered"] > 0, "it has begun", every=0.005)
        begin, first = time.monotonic(), gateway.status_unchecked()["clouds"][0]["delivered"]
        until(lambda: gateway.status_unchecked()["clouds"][0]["backlog"]["records"] == 0, "it is all up", 600, every=0.01)
        rate = (count - first) / (time.monotonic() - begin)
        bare = said(run.keep(Process([tool("paho_publisher"), "--port", far.port, "--count", count, "--payload-size", 300], run.folder / "paho.log")))
        return rate, bare["rate"]


def idle_share(folder, seconds):
    """CPU of a gateway connected to both brokers with nothing to do, as a share of one core."""
    with Run(folder, "idle") as run:
        far = run.keep(Broker(run.folder / "far")).start()
        gateway = run.gateway(cloud(far))
        gateway.wait_status(lambda status: status["clouds"][0]["state"] == "up", "it is connected")
        before = cpu_seconds(gateway)
        time.sleep(seconds)
        return (cpu_seconds(gateway) - before) / seconds


def p99(folder, count, stuck):
    """The 99th percentile of a record's way from device to cloud, in ms, at 200 a second."""
    with Run(folder, f"stuck{stuck}") as run:
        far = run.keep(Broker(run.folder / "far")).start()
        there = run.keep(FarSide(far))
        clouds = [cloud(far)] + ([cloud(far, url="mqtts://broker.slow:8883") | {"name": "slow"}] if stuck else [])
        from stage.gateway import Gateway
        run.keep(Gateway(run.folder / "gateway", run.broker, clouds, environment=Obstacle(run.folder).environment)).start()
        took = []

        def taken(_client, _object, message):
            sent = json.loads(message.payload)["readings"]["sent"]["value"]
            took.append(time.time() * 1000 - sent / 1000)
        there.client.on_message = taken
        run.flood(count, "--rate", 200, "--topic", "probe/d{d}/count", "--payload", '{"n":{n},"sent_us":{t}}')
        until(lambda: len(took) >= count, "all have come", 120)
        return statistics.quantiles(took, n=100)[98]


def paho_gap(folder):
    """Seconds without an acknowledgement at one Paho client while another one's name server hangs for ten."""
    with Run(folder, "paho") as run:
        environment = {**os.environ, **Obstacle(run.folder).environment}
        return said(run.keep(Process([tool("paho_publisher"), "--port", run.broker.port, "--count", 3000, "--rate", 500, "--stuck-host", "broker.slow"],
                                     run.folder / "paho.log", environment)))["longest_gap_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ratios = []
        for _ in range(1 if quick else 3):
            rate, bare = uplink(folder, 5_000 if quick else 200_000)
            ratios.append(rate / bare)
            print(f"uplink, window 100: {rate:,.0f} records/s; bare Paho publisher {bare:,.0f}/s; ratio {rate / bare:.2f} (goal 0.5)", flush=True)
        print(f"median ratio {statistics.median(ratios):.2f}")
        share = idle_share(folder, 2 if quick else 30)
        print(f"idle: {100 * share:.2f} % of a core (goal 0.5)", flush=True)
        calm, beside = p99(folder, 400 if quick else 4000, False), p99(folder, 400 if quick else 4000, True)
        print(f"p99 device to cloud at 200/s: {calm:.1f} ms; with another cloud's name server hanging 10 s a lookup {beside:.1f} ms", flush=True)
        if not quick:
            print(f"two Paho clients in one process, one's name server hanging 10 s: the other hears nothing for {paho_gap(folder):.1f} s")


if __name__ == "__main__":
    main()
