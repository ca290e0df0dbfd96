"""Peers of the HTTP interface that mean no good, and a judge of what they are answered."""
import collections
import contextlib
import json
import re
import select
import socket
import threading
import time

STATUS_LINE = re.compile(r"HTTP/1\.1 ([1-5]\d\d) [A-Z][A-Za-z ]*")
BYTES_MAX = 1 << 24
HEADER = re.compile(r"[A-Za-z-]+: [^\r\n]*")


def judged(raw):
    """The (status, headers, body) that `raw` is made of; fails where it is anything but whole, well-formed answers."""
    answers = []
    while raw:
        head, separator, raw = raw.partition(b"\r\n\r\n")
        assert separator, f"an answer without an end of its head: {head[:200]}"
        first, *lines = head.decode("ascii").split("\r\n")
        found = STATUS_LINE.fullmatch(first)
        assert found and all(map(HEADER.fullmatch, lines)), f"not an answer: {head[:200]}"
        status, headers = int(found[1]), {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = int(headers["content-length"]) if status >= 200 and status != 204 else 0
        assert len(raw) >= size, f"an answer breaks off: {head[:200]}"
        body, raw = raw[:size], raw[size:]
        if status >= 400:
            check_problem(status, headers, body)
        answers.append((status, headers, body))
    return answers


def check_problem(status, headers, body):
    """RFC 9457, with words."""
    assert headers["content-type"] == "application/problem+json", headers
    document = json.loads(body)
    assert document["status"] == status and document["title"], document


def dial(port):
    return socket.create_connection(("127.0.0.1", port), timeout=15)


def ask(port, request, half_close=False):
    """What is answered until the connection is closed; None where it was reset, so that nobody knows what was said."""
    heard = b""
    try:
        with dial(port) as peer:
            with contextlib.suppress(BrokenPipeError):  # it has heard enough
                peer.sendall(request)
                if half_close:
                    peer.shutdown(socket.SHUT_WR)
            while piece := peer.recv(65536):
                heard += piece
    except OSError as error:
        assert not isinstance(error, TimeoutError), f"neither answered nor closed: {request[:200]}"
        return None
    return heard


def asked(port, request):
    """The answers to a request, which is made again where the connection had to give way to others."""
    for _ in range(20):
        if heard := ask(port, request):
            return judged(heard)
        time.sleep(0.05)
    raise AssertionError(f"never answered: {request[:200]}")


def heard_by_now(peer):
    """What has come; None where nothing has, empty where the connection is closed."""
    return peer.recv(65536) if select.select([peer], [], [], 0)[0] else None


class Siege:
    """Attacks that run side by side until the end of a `with`. What goes wrong in one fails there."""

    def __init__(self, port):
        self.port, self.counts, self.wrong = port, collections.Counter(), []
        self._over, self._lock, self._threads = threading.Event(), threading.Lock(), []

    def over(self, wait=0.0):
        return self._over.wait(wait)

    def add(self, attack, *arguments):
        """`attack(siege, *arguments)` answers how much it did."""
        def run():
            try:
                done = attack(self, *arguments)
                with self._lock:
                    self.counts[attack.__name__] += done
            except Exception as wrong:  # pylint: disable=broad-except
                self.wrong.append((attack.__name__, wrong))
        self._threads.append(threading.Thread(target=run, daemon=True))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        for thread in self._threads:
            thread.join(60)
        assert not self.wrong, self.wrong


class Dripping:
    """A connection that says `beginning` at once and then one more byte at each `drip`; it begins anew when it is closed."""

    def __init__(self, port, beginning):
        self.port, self.beginning, self.lives, self.peer = port, beginning, 0, None
        self.statuses = collections.Counter()

    def drip(self):
        try:
            if self.peer is None:
                self.peer = dial(self.port)
                self.lives += 1
                return self.peer.sendall(self.beginning)
            self.peer.send(b"x")
            heard = heard_by_now(self.peer)
            self.statuses.update(status for status, _, _ in judged(heard or b""))
            if heard is not None:
                self.end()
        except OSError:
            self.end()
        return None

    def end(self):
        if self.peer:
            self.peer.close()
        self.peer = None


def slow_peers(siege, count, beginning):
    """One byte a second each. How many connections that took."""
    peers = [Dripping(siege.port, beginning) for _ in range(count)]
    while not siege.over(1.0):
        for peer in peers:
            peer.drip()
    for peer in peers:
        peer.end()
    return sum(peer.lives for peer in peers)


def crowd(siege, count):
    """So many connections at once that say nothing, again and again."""
    opened = 0
    while not siege.over(0.5):
        peers = []
        with contextlib.suppress(OSError):
            for _ in range(count):
                peers.append(dial(siege.port))
        opened += len(peers)
        siege.over(0.5)
        for peer in peers:
            peer.close()
    return opened


def endless(siege, beginning, piece, status):
    """`piece` without an end, until it is stopped by `status`, or by the time that a request may take. How many bytes were taken at most for one."""
    most = 0
    while not siege.over(0.1):
        heard, sent = b"", 0
        try:
            with dial(siege.port) as peer:
                peer.sendall(beginning)
                while not heard and sent < BYTES_MAX:
                    peer.sendall(piece * (32768 // len(piece)))
                    sent += 32768
                    heard = heard_by_now(peer)
        except OSError:
            pass
        most = max(most, sent)
        assert sent < BYTES_MAX, f"{sent} bytes of {piece[:20]} were taken"
        if heard:
            assert judged(heard)[0][0] in (status, 408), heard
    return most


def pipelined(siege, request, count):
    """Many requests at once on one connection, each of which is answered, in whole answers. How many were."""
    answered = 0
    while not siege.over(0.2):
        heard = ask(siege.port, request * count, half_close=True)
        if heard:
            answered += len(judged(heard))
    return answered


def repeated(siege, request, half_close=False):
    """The same request on connection after connection. How many there were."""
    count = 0
    while not siege.over(0.02):
        heard = ask(siege.port, request, half_close)
        judged(heard or b"")
        count += 1
    return count


def mutated(dice, request):
    """`request` with some bytes flipped, gone, doubled, put in or moved."""
    text = bytearray(request)
    for _ in range(dice.randint(1, 6)):
        at, size = dice.randrange(len(text) + 1), dice.choice([1, 1, 2, 8, 64])
        match dice.randrange(6):
            case 0 if at < len(text):
                text[at] ^= 1 << dice.randrange(8)
            case 1:
                del text[at:at + size]
            case 2:
                text[at:at] = text[at:at + size] * dice.choice([1, 2, 50])
            case 3:
                text[at:at] = dice.choice([b"\r\n", b"\n", b"\0", b" ", b"%00", b"/../", b": ", b"\xff", b"0", b"9" * 25, b"Content-Length: 5\r\n",
                                           b"Transfer-Encoding: chunked\r\n", b"HTTP/1.0", b"\r\n\r\n"])
            case 4:
                text[at:at] = dice.randbytes(size)
            case 5:
                piece = text[at:at + size]
                del text[at:at + size]
                to = dice.randrange(len(text) + 1)
                text[to:to] = piece
    return bytes(text)
