#!/usr/bin/env python3
"""Whole runs, measured: the real program between a real broker and a receiver, beside a counting subscriber that does
nothing with what it gets (the ceiling) and the flood's own publisher. Ratios of one run on one machine mean something;
figures of different machines do not. Takes some minutes; --quick shows only that everything works."""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from stage.broker import Broker  # noqa: E402
from stage.gateway import Gateway  # noqa: E402
from stage.places import binary, tool  # noqa: E402
from stage.ports import free_port  # noqa: E402
from stage.process import Process  # noqa: E402
from stage.receiver import Receiver  # noqa: E402
from stage.waiting import until  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
LATENCY_TOPIC, LATENCY_PAYLOAD = "probe/d{d}/count", '{"n":{n},"sent_us":{t}}'


class Run:
    """One measurement's actors, in a folder of its own."""

    def __init__(self, folder, name):
        self.folder = folder / name
        self.actors = []
        self.broker = self.keep(Broker(self.folder / "broker")).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for actor in reversed(self.actors):
            actor.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, actor):
        self.actors.append(actor)
        return actor

    def gateway(self, *clouds):
        return self.keep(Gateway(self.folder / "gateway", self.broker, clouds)).start()

    def tool(self, name, *options):
        return self.keep(Process([tool(name), "--port", self.broker.port, *options], self.folder / f"{name}.log"))

    def flood(self, count, *options):
        return said(self.tool("flood", "--count", count, *options))

    def counter(self, count, *options):
        counter = self.tool("counter", "--count", count, *options)
        counter.wait_said("subscribed")
        return counter

    def receive(self):
        """`sluice receive` as a cloud."""
        port = free_port()
        self.keep(Process([binary(), "receive", "--quiet", "--listen", f"127.0.0.1:{port}"], self.folder / "receive.log")).wait_said(str(port))
        return {"name": "receive", "type": "webhook", "url": f"http://127.0.0.1:{port}/"}


def said(process):
    assert process.wait(3600) == 0, process.err
    return json.loads(process.out[-1])


def cpu_seconds(gateway):
    fields = pathlib.Path(f"/proc/{gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(gateway, what):
    lines = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def written(gateway):
    lines = pathlib.Path(f"/proc/{gateway.process.pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def wait_count(gateway, count, of):
    """Waits until `of(status)` has reached `count`; returns (count, time) of the first status above zero, and the end's."""
    first = []

    def reached():
        now, seen = time.monotonic(), of(gateway.status_unchecked())
        if seen > 0 and not first:
            first.append((seen, now))
        return seen >= count and (seen, now)

    last = until(reached, f"{count} of them", within=3600, every=0.01)
    return first[0], last


def rate_between(first, last):
    return (last[0] - first[0]) / (last[1] - first[1]) if last[1] > first[1] else float("nan")


def stored(status):
    return status["stored"]


def delivered(status):
    return status["clouds"][0]["delivered"]


class Whole:
    """The measurements, in their order; each prints its lines of the table. Rates are medians of some rounds, in each of
    which the ceiling is measured just before what is compared with it: other work on the machine hits both."""

    def __init__(self, folder, quick):
        self.folder, self.quick, self.kept = folder, quick, True
        self.count, self.rounds = (2000, 1) if quick else (200_000, 3)

    def line(self, name, figure, goal=None, met=None):
        verdict = "" if goal is None else f"{goal:<16}{'met' if met else 'MISSED'}"
        self.kept = self.kept and met is not False
        print(f"{name:<58}{figure:>14}   {verdict}", flush=True)

    def medians(self, measure):
        """`measure()` gives a dictionary of figures; their medians over the rounds."""
        rounds = [measure() for _ in range(self.rounds)]
        return {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}

    def rates(self, name, figures, least):
        self.line(f"{name}: counting subscriber, messages/s", f"{figures['ceiling']:.0f}")
        if "flood" in figures:
            self.line(f"{name}: its publisher, messages/s", f"{figures['flood']:.0f}")
            self.line(f"{name}: the publisher beside the gateway, messages/s", f"{figures['flood_beside']:.0f}")
        self.line(f"{name}: the gateway, messages/s", f"{figures['rate']:.0f}")
        self.line(f"{name}: of the counting subscriber", f"{figures['ratio']:.2f}", f"at least {least}", figures["ratio"] >= least)
        if "cost_us" in figures:
            self.line(f"{name}: CPU a message, µs", f"{figures['cost_us']:.1f}", "at most 30", figures["cost_us"] <= 30)

    def ceiling(self):
        with Run(self.folder, "ceiling") as run:
            counter = run.counter(self.count)
            flood = run.flood(self.count)
            return said(counter)["rate"], flood["rate"]

    def beside_a_flood(self, clouds, of):
        """A flood into the gateway while it runs, until `of(status)` has reached all of it."""
        ceiling, flood = self.ceiling()
        with Run(self.folder, "live") as run:
            gateway = run.gateway(*clouds(run))
            before, start = cpu_seconds(gateway), time.monotonic()
            beside = run.flood(self.count)
            _, last = wait_count(gateway, self.count, of)
            rate = rate_between((0, start), last)
            cost = (cpu_seconds(gateway) - before) / self.count * 1e6
        return {"ceiling": ceiling, "flood": flood, "flood_beside": beside["rate"], "rate": rate, "ratio": rate / ceiling, "cost_us": cost}

    def live(self):
        self.rates("live", self.medians(lambda: self.beside_a_flood(lambda _: [], stored)), 0.9)

    def end_to_end(self):
        self.rates("end to end", self.medians(lambda: self.beside_a_flood(lambda run: [run.receive()], delivered)), 0.5)

    def behind_a_flood(self):
        """A flood that waits at the broker when the subscriber comes."""
        with Run(self.folder, "ceiling") as run:
            said(run.tool("counter", "--only-session"))
            run.flood(self.count)
            ceiling = said(run.counter(self.count))["rate"]
        with Run(self.folder, "waiting") as run:
            gateway = run.gateway()
            gateway.stop()
            run.flood(self.count)
            gateway.start(ready=False)
            until(lambda: gateway.get("/healthz")[0] == 200, "the gateway runs", every=0.005)
            rate = rate_between(*wait_count(gateway, self.count, stored))
        return {"ceiling": ceiling, "rate": rate, "ratio": rate / ceiling}

    def waiting(self):
        self.rates("waiting flood", self.medians(self.behind_a_flood), 0.4)

    def latency(self):
        count = 100 if self.quick else 3000
        with Run(self.folder, "latency") as run:
            receiver = run.keep(Receiver())
            run.gateway(receiver.cloud())
            counter = run.counter(count, "--filter", "probe/#")
            clock = time.time() - time.monotonic()
            run.flood(count, "--rate", 100, "--topic", LATENCY_TOPIC, "--payload", LATENCY_PAYLOAD)
            receiver.wait_numbers(count)
            broker = said(counter)
            sent = {event["id"]: event["data"]["readings"]["sent"]["value"] for event in receiver.events if "sent" in event["data"].get("readings", {})}
            delays = sorted((arrival.at + clock) * 1e3 - sent[arrival.id] / 1e3 for arrival in receiver.arrivals if arrival.id in sent)
        for hundredth in (50, 99):
            whole, of_broker = delays[(len(delays) - 1) * hundredth // 100], broker[f"p{hundredth}_ms"]
            limits = ("at most 5", whole - of_broker <= 5) if hundredth == 99 else ()
            self.line(f"100/s: device to receiver p{hundredth}, ms", f"{whole:.2f}")
            self.line(f"100/s: beyond the broker's own {of_broker:.2f} ms, ms", f"{whole - of_broker:.2f}", *limits)

    def memory(self):
        count = 5000 if self.quick else 1_000_000
        nobody = {"name": "nobody", "type": "webhook", "url": f"http://127.0.0.1:{free_port()}/"}
        with Run(self.folder, "memory") as run:
            gateway = run.gateway(nobody)
            idle = memory_mb(gateway, "RssAnon")
            self.line("idle: RssAnon, MB", f"{idle:.1f}", "at most 10", idle <= 10)
            self.line("idle: RSS, MB", f"{memory_mb(gateway, 'VmRSS'):.1f}")
            run.flood(count)
            wait_count(gateway, count, stored)
            full = memory_mb(gateway, "RssAnon")
            self.line(f"{count} records waiting: RssAnon, MB", f"{full:.1f}", "at most 25", full <= 25)
            self.line(f"{count} records waiting: RSS, MB", f"{memory_mb(gateway, 'VmRSS'):.1f}")

    def disk(self):
        for rate, seconds in ((1, 2), (10, 1), (100, 1)) if self.quick else ((1, 60), (10, 30), (100, 20)):
            with Run(self.folder, f"disk{rate}") as run:
                gateway = run.gateway(run.receive())
                before = written(gateway)
                run.flood(rate * seconds, "--rate", rate)
                wait_count(gateway, rate * seconds, delivered)
                cost = (written(gateway) - before) / (rate * seconds)
            self.line(f"{rate}/s: bytes written to disk a message", f"{cost:.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers: does it all work?")
    parser.add_argument("--folder", type=pathlib.Path, default=HERE.parents[1] / "build" / "whole", help="on the disk to measure")
    parser.add_argument("--program", help="the sluice to measure (default: SLUICE_BINARY, else build/dev/bin/sluice)")
    parser.add_argument("--only", action="append", default=[], help="live, waiting, end_to_end, latency, memory, disk")
    options = parser.parse_args()
    os.environ["SLUICE_BINARY"] = str(options.program or os.environ.get("SLUICE_BINARY") or HERE.parents[1] / "build" / "dev" / "bin" / "sluice")
    options.folder.mkdir(parents=True, exist_ok=True)

    whole = Whole(options.folder, options.quick)
    measurements = [whole.live, whole.waiting, whole.end_to_end, whole.latency, whole.memory, whole.disk]
    chosen = [each for each in measurements if not options.only or each.__name__ in options.only]
    for measure in chosen:
        measure()
    return 0 if options.quick or whole.kept else 1


if __name__ == "__main__":
    sys.exit(main())
