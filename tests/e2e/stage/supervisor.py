"""Starts a gateway again whenever it ends by itself, as its service does."""
import threading


class Supervisor:
    def __init__(self, gateway):
        self.gateway, self.codes = gateway, []
        self._lock, self._over, self._wrong = threading.RLock(), threading.Event(), None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def ends(self):
        return len(self.codes)

    def with_process(self, call):
        """`call(process)` on the gateway that runs, with no end and start in between."""
        with self._lock:
            self._look()
            return call(self.gateway.process)

    def _look(self):
        if not self.gateway.process.alive():
            self.codes.append(self.gateway.process.wait())
            self.gateway.start(ready=False)

    def _run(self):
        try:
            while not self._over.wait(0.05):
                with self._lock:
                    self._look()
        except Exception as wrong:  # pylint: disable=broad-except
            self._wrong = wrong

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(60)
        if self._wrong:
            raise self._wrong
