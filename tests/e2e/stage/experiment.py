"""An experiment breaks the machine and counts what came of it: seconds in every run, longer in `./tests/run --long`."""
import json
import os
import random


def rounds(usual, lengthy):
    return lengthy if "SLUICE_LONG" in os.environ else usual


def seed():
    """SLUICE_SEED, or a new one; said where pytest shows it when the test fails."""
    chosen = int(os.environ.get("SLUICE_SEED", random.randrange(1 << 30)))
    print("again with SLUICE_SEED=%d" % chosen)
    return chosen


def note_figures(experiment, promises, seed_, **figures):
    """Writes a line down where SLUICE_RESULTS says, for the table that `./tests/run` ends with."""
    if "SLUICE_RESULTS" not in os.environ:
        return
    line = json.dumps({"experiment": experiment, "promises": promises, "seed": seed_, "figures": figures}) + "\n"
    out = os.open(os.environ["SLUICE_RESULTS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(out, line.encode())
    finally:
        os.close(out)
