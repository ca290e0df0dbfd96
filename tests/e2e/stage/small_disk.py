"""A data folder on a small file system of its own, which can be filled up by another file, or be mounted read-only."""
import os
import resource
import subprocess


class SmallDisk:
    """A tmpfs. Whoever may not mount one gets a RefusedWrites."""

    def __init__(self, folder, size):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self._ballast = folder, folder / "somebody-elses-file"
        mount("-t", "tmpfs", "-o", f"size={size},mode=0750", "tmpfs", folder)

    def fill(self):
        """Takes all the room that there is."""
        with open(self._ballast, "ab", buffering=0) as file:
            for piece in (65536, 4096, 1):
                write_all(file, piece)

    def clear(self):
        self._ballast.unlink()

    def free(self):
        state = os.statvfs(self.folder)
        return state.f_bavail * state.f_frsize

    def read_only(self, really):
        mount("-o", f"remount,{'ro' if really else 'rw'}", self.folder)

    def end(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=True)


class RefusedWrites:
    """In the place of a SmallDisk: no file of the gateway grows, or gets a byte."""

    def __init__(self, gateway):
        self._gateway = gateway

    def _limit(self, size):
        _, hard = resource.prlimit(self._gateway.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._gateway.process.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    def fill(self):
        self._limit(0)

    def clear(self):
        self._limit(None)

    def end(self):
        pass


def may_mount():
    """Whether this machine lets tests mount: in a process of its own, whose mounts are nobody else's."""
    return subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False).returncode == 0


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True, capture_output=True)


def write_all(file, size):
    try:
        while True:
            file.write(bytes(size))
    except OSError:
        pass  # full
