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

    def set(self, kind):
        """"hang" or "fail": what the next fsync does."""
        self.reached_file.unlink(missing_ok=True)
        self.file.write_text(kind)

    def clear(self):
        self.file.write_text("none")

    def wait_reached(self):
        until(self.reached_file.exists, "the gateway meets the obstacle")
