#!/usr/bin/env python3
"""Runs the fuzzers of a build folder, each for some seconds, beginning with what is known already: corpus/,
regressions/, what earlier runs of this build folder found new, and the messages of SLUICE_CORPUS. What breaks one is
kept in BUILD/findings. Ends with 1 then."""
import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from stage.experiment import note_figures  # noqa: E402

# What no input of that kind needs to be longer than for whatever can be met in it.
LENGTH_MAX = {"core_text": 512, "param_schema": 1024, "topic_template": 1024, "payload_jq": 2048, "http": 8192}
LENGTH_MAX_ELSEWHERE = 4096
MEMORY_MAX_MB = 2048
# By the clock on the wall, against what hangs: libfuzzer/entry.cpp measures what takes long.
ONE_INPUT_MAX_S = 300


def recorded(folder):
    """(topic, payload as bytes) of every message there."""
    for file in sorted(pathlib.Path(folder).glob("*.ndjson")):
        for line in file.read_bytes().splitlines():
            message = json.loads(line)
            text = message.get("payload", "")
            payload = base64.b64decode(message["payload_b64"]) if "payload_b64" in message else str(text).encode()
            yield str(message.get("topic", "")).encode(), payload


def seed(corpus, folder):
    """Messages as the readers of payloads take them."""
    for number, (topic, payload) in enumerate(recorded(folder)):
        for target in ("json", "csv", "xml", "text", "unmatched"):
            (corpus / f"payload_{target}" / f"recorded-{number}").write_bytes(b"00" + topic + b"\n" + payload)
        (corpus / "payload_shipped" / f"recorded-{number}").write_bytes(topic + b"\n" + payload)


def command(target, build, seconds):
    known = [folder for folder in (HERE / "corpus" / target, HERE / "regressions" / target) if folder.is_dir()]
    return [str(build / "bin" / f"fuzz_{target}"), str(build / "corpus" / target), *map(str, known),
            f"-max_total_time={seconds}", f"-max_len={LENGTH_MAX.get(target, LENGTH_MAX_ELSEWHERE)}",
            f"-rss_limit_mb={MEMORY_MAX_MB}", f"-timeout={ONE_INPUT_MAX_S}", "-print_final_stats=1", "-verbosity=1",
            f"-artifact_prefix={build / 'findings' / target}-"]


def fuzz(target, build, seconds):
    """(executions, how many inputs broke it: at most one)."""
    log = build / "logs" / f"{target}.log"
    with open(log, "wb") as out:
        ended = subprocess.run(command(target, build, seconds), stdout=out, stderr=out, check=False)
    text = log.read_text(errors="replace")
    counted = re.search(r"number_of_executed_units: *(\d+)", text) or re.search(r"Done (\d+) runs", text)
    covered = re.findall(r"cov: (\d+)", text)
    executions = int(counted.group(1)) if counted else 0
    note_figures(f"fuzz {target}", "P5 P7", 0, executions=executions, broken=int(ended.returncode != 0))
    print(f"{target:18} {executions:>10} executions  {covered[-1] if covered else '?':>6} edges  "
          f"{'broken: see ' + str(log) if ended.returncode else 'held'}", flush=True)
    if ended.returncode:
        print("\n".join(line for line in text.splitlines() if re.search(r"ERROR: |what\(\)|SUMMARY|runtime error|Test unit", line)))
    return executions, int(ended.returncode != 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parents[1] / "build" / "fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("targets", nargs="*")
    wanted = parser.parse_args()
    build = wanted.build.resolve()
    targets = wanted.targets or sorted(file.name[5:] for file in (build / "bin").glob("fuzz_*"))
    for folder in ("findings", "logs", *(f"corpus/{target}" for target in targets)):
        (build / folder).mkdir(parents=True, exist_ok=True)
    if "SLUICE_CORPUS" in os.environ and not wanted.targets:
        seed(build / "corpus", os.environ["SLUICE_CORPUS"])
    with concurrent.futures.ThreadPoolExecutor(wanted.jobs) as pool:
        figures = list(pool.map(lambda target: fuzz(target, build, wanted.seconds), targets))
    executions, broken = (sum(column) for column in zip(*figures))
    print(f"{len(targets)} targets, {executions} executions, {broken} broken")
    if broken:
        print(f"what broke them is in {build / 'findings'}: mend it, and keep it in tests/fuzz/regressions/TARGET/")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
