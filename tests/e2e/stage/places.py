"""Where things are: the program under test, the load tools beside it, and the source tree."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHIPPED_MOSQUITTO = ROOT / "deploy" / "mosquitto" / "sluice.conf"
SCHEMAS = ROOT / "schemas"


def binary():
    path = os.environ.get("SLUICE_BINARY")
    assert path, "SLUICE_BINARY must name the sluice program to test"
    return pathlib.Path(path).resolve()


def tool(name):
    """A program built beside sluice: flood, counter; or a library such as slow_disk.so."""
    return pathlib.Path(os.environ.get("SLUICE_TOOLS", binary().parent)) / name
