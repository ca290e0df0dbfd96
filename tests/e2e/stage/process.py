"""A child process whose output is kept: in memory for the test, in a file for whoever reads a failure."""
import signal
import subprocess
import threading

from .waiting import until


class Process:
    """Owned by the test that started it; `end` must be called. Output goes through pipes, so that limits set on the files
    of the process do not hit what it says."""

    def __init__(self, command, log, env=None, own_group=False):
        self.name = str(command[0]).rsplit("/", 1)[-1]
        self.out, self.err = [], []
        self.child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, env=env, start_new_session=own_group)
        self._threads = [threading.Thread(target=self._read, args=(stream, lines, log), daemon=True)
                         for stream, lines in ((self.child.stdout, self.out), (self.child.stderr, self.err))]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _read(stream, lines, log):
        with open(log, "a", encoding="utf-8", errors="replace") as file:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                lines.append(line)
                file.write(line + "\n")
                file.flush()

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def said(self, text):
        """Whether a line of its stderr holds `text`."""
        return any(text in line for line in self.err)

    def wait_said(self, text, within=60.0):
        until(lambda: self.said(text) or not self.alive(), f"{self.name} says {text!r}", within)
        assert self.said(text), f"{self.name} ended with {self.child.poll()} and never said {text!r}: {self.err[-5:]}"

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, within=60.0):
        """Its exit code; everything it said has been read."""
        code = self.child.wait(within)
        for thread in self._threads:
            thread.join(10)
        return code

    def stop(self, within=60.0):
        if self.alive():
            self.signal(signal.SIGTERM)
        return self.wait(within)

    def kill(self):
        if self.alive():
            self.signal(signal.SIGKILL)
        return self.wait()

    def end(self):
        """For the end of a test, whatever the state: continued, asked, then killed."""
        if self.alive():
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.child.wait(10)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
        self.wait()
