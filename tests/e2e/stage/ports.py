"""Free TCP ports on loopback, outside of the range that the kernel gives to clients."""
import random
import socket

_given = set()


def free_port():
    while True:
        port = random.randrange(20000, 32000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def is_open(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
