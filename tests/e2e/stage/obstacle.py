"""A disk that hangs or fails, and names that are never found: for one gateway, by obstacle.c."""
import pathlib

from .places import tool
from .waiting import until


class Obstacle:
    def __init__(self, folder):
        self.file = folder / "obstacle"
        self.reached_file = pathlib.Path(f"{self.file}.reached")
        self.clear()

    @property
    def environment(self):
        return {"LD_PRELOAD": str(tool("obstacle.so")), "OBSTACLE": str(self.file)}

    @staticmethod
    def clock(synced):
        """For a gateway that shall think its clock synced, or not, whatever this machine's is."""
        return {"LD_PRELOAD": str(tool("obstacle.so")), "CLOCK_SYNCED": "yes" if synced else "no"}

    @staticmethod
    def poison(text):
        """For a gateway that dies as soon as it writes this into a file."""
        return {"LD_PRELOAD": str(tool("obstacle.so")), "POISON": text}

    def set(self, kind):
        """"hang" or "fail": what the next fsync does. "readonly": what each write to its files does."""
        self.reached_file.unlink(missing_ok=True)
        self.file.write_text(kind)

    def clear(self):
        self.file.write_text("none")

    def wait_reached(self):
        until(self.reached_file.exists, "the gateway meets the obstacle")


class Calendar:
    """The calendar of one gateway, which can be set while it runs. Synced, whatever this machine's is."""

    def __init__(self, folder):
        self.file = folder / "ahead"
        self.set(0)

    @property
    def environment(self):
        return {**Obstacle.clock(synced=True), "CLOCK_AHEAD": str(self.file)}

    def set(self, seconds):
        """So many seconds ahead of this machine's, from now on."""
        replaced = self.file.with_suffix(".new")
        replaced.write_text(str(int(seconds)))
        replaced.replace(self.file)
