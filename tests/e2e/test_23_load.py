"""The script that measures whole runs works; what it measures is for people to read."""
import subprocess
import sys

from stage.places import ROOT


def test_every_measurement_runs(tmp_path):
    answer = subprocess.run([sys.executable, "-B", ROOT / "tests" / "bench" / "whole.py", "--quick", "--folder", tmp_path],
                            capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for line in ("live: of the counting subscriber", "waiting flood: of the counting subscriber", "end to end: of the counting subscriber",
                 "CPU a message", "p99", "idle: RssAnon", "records waiting: RssAnon", "100/s: bytes written"):
        assert line in answer.stdout, answer.stdout
