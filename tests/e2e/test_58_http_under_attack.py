"""The HTTP interface under attack, all of it at once: slow peers, crowds, endless headers and bodies, pipelines, long waits, tricks with
paths, methods, hosts and tokens. Memory stays bounded, answers are clear, /healthz answers all the while, commands work, and a flood of
telemetry beside it arrives complete."""
import collections
import os
import random
import time

from stage import experiment, http_attack
from stage.accounts import Ledger
from stage.http_attack import Siege, ask, asked, judged
from stage.waiting import until

SECONDS, MUTATIONS = experiment.rounds(4, 120), experiment.rounds(2000, 60_000)
MEMORY_MAX = 16 << 20  # beyond what it took before
CONNECTIONS_MAX = 64 + 16  # the interface's own, and those that are told that they are too many
ALLOW = [{"from": ["api"], "device": "actor/*", "commands": ["act"]}]
POST = "/api/v1/devices/actor/{}/commands/act"


def request(first, *headers, host="localhost", body=b"", close=True):
    lines = [first + " HTTP/1.1", f"Host: {host}", *(["Connection: close"] if close else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def post(path, *headers, token=None, body=b"{}", **more):
    login = [f"Authorization: Bearer {token}"] if token else []
    return request(f"POST {path}", f"Content-Length: {len(body)}", *login, *headers, body=body, **more)


SLOW_HEADER = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
SLOW_BODY = request("POST " + POST.format("ghost"), "Content-Length: 60000", close=False)


def tricks(token):
    """Request → how it is answered."""
    act, json = POST.format("a0"), "Content-Type: application/json"
    return {
        request("GET /..%2f..%2fetc/passwd"): (400, 404), request("GET /%00"): (400,), request("GET /../../etc/passwd"): (400,),
        request("GET /%2e%2e/%2e%2e/etc/passwd"): (400,), request("GET //etc/passwd"): (404,), request("GET /healthz%2F"): (404,),
        request("GET /api/v1/devices/..%5c..%5c"): (404,), request("GET /" + "x" * 9000): (404,), request("GET /" + "x" * 20_000): (431,),
        request("GET http://localhost/healthz"): (400,), request("GET *"): (400,), request("GET /\xff\xfe"): (400,), request("GET /a b"): (400,),
        request("CONNECT localhost:22"): (400,), request("DELETE /healthz"): (405,), request("TRACE /metrics"): (405,), request("BREW /readyz"): (405,),
        request("G(E)T /healthz"): (400,), b"GET /healthz HTTP/1.1\r\n\r\n": (400,), b"GET /healthz HTTP/3.0\r\n\r\n": (505,),
        b"GET /healthz\r\n\r\n": (400,), b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(range(256)) * 2 + b"\n": (400,),
        b"\x10\x1a\0\4MQTT\5\2\0<\0\0\rsluice-test\r\n\r\n": (400,),
        request("GET /healthz", "Host: localhost"): (400,), request("GET /healthz", host="evil.example"): (421,),
        request("GET /healthz", "X: \x01"): (400,), request("GET /healthz", " folded"): (400,), request("GET /healthz", "Expect: magic", "Content-Length: 1"): (417,),
        post(act, json): (401,), post(act, json, token="wrong"): (401,), post(act, json, "Authorization: Basic YTpi"): (401,),
        post(act, json, token=token, host="evil.example"): (421,), post(act, json, "Origin: https://evil.example", token=token): (403,),
        post(act, json, "Sec-Fetch-Site: cross-site", token=token): (403,), post(act, "Content-Type: text/plain", token=token): (415,),
        post(act, json, token=token, body=b"[" * 60_000): (400, 422), post(act, json, token=token, body=b"x" * 65_537): (413,),
        post(act, json, "Content-Length: 3", token=token): (400,), post(act, json, "Transfer-Encoding: chunked", token=token): (400,),
        request(f"POST {act}", "Transfer-Encoding: gzip", json): (501,), request(f"POST {act}", "Content-Length: -1"): (400,),
        request(f"POST {act}", "Content-Length: 99999999999999999999"): (400,),
        request(f"POST {act}", "Transfer-Encoding: chunked", body=b"fffffffffffffffff\r\n"): (400,),
        request(f"POST {act}", "Transfer-Encoding: chunked", body=b"10000000\r\n"): (413,),
        post("/api/v1/reload", json): (401,), post("/api/v1/quarantine/replay", json): (401,), request("DELETE /api/v1/quarantine/1"): (401,),
    }


def check_tricks(port, token):
    for text, expected in tricks(token).items():
        (status, _, body), *more = asked(port, text)
        assert status in expected and not more, f"{text[:200]} is answered {status}: {body}"
    return len(tricks(token))


def open_files(gateway):
    return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))


class Looking:
    """Asks /healthz all the while, and keeps what was not 200."""

    def __init__(self):
        self.answers, self.slowest = [], 0.0

    def healthz(self, siege):
        while not siege.over(0.05):
            begun = time.monotonic()
            self.answers.append([status for status, _, _ in judged(ask(siege.port, request("GET /healthz")) or b"")])
            self.slowest = max(self.slowest, time.monotonic() - begun)
        return len(self.answers)

    def check(self):
        others = [answer for answer in self.answers if answer != [200]]
        assert len(self.answers) > 10 and not others, f"{len(others)} of {len(self.answers)} not answered well: {others[:5]}"


def besieged(gateway, looking):
    """Everything at once."""
    siege, token = Siege(gateway.port), gateway.token
    act, wait = "POST " + POST.format("ghost"), ["Prefer: wait=3", "Content-Type: application/json"]
    chunked = request(act, "Transfer-Encoding: chunked", close=False)
    siege.add(looking.healthz)
    siege.add(http_attack.slow_peers, 40, SLOW_HEADER)
    siege.add(http_attack.slow_peers, 40, SLOW_BODY)
    siege.add(http_attack.crowd, 500)
    siege.add(http_attack.endless, b"GET / HTTP/1.1\r\n", b"X-Long: " + b"x" * 100 + b"\r\n", 431)
    siege.add(http_attack.endless, b"GET /", b"x", 431)
    siege.add(http_attack.endless, chunked, b"100\r\n" + b"x" * 256 + b"\r\n", 413)
    siege.add(http_attack.endless, chunked, b"8;" + b"x" * 100 + b"\r\n12345678\r\n", 413)
    siege.add(http_attack.pipelined, request("GET /healthz", close=False), 300)
    siege.add(http_attack.repeated, request("GET /metrics"), True)
    for _ in range(20):
        siege.add(http_attack.repeated, post(POST.format("ghost"), *wait, token=token))
    return siege


def test_all_at_once(stage):
    seed, rate = experiment.seed(), 500
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    actors = stage.actors(broker, 1)
    gateway = stage.gateway(broker, [receiver.cloud(uplink={"only": {"schemas": ["probe/*"]}})], commands={"allow": ALLOW})
    gateway.wait_device("actor/a0", presence="online")
    stage.flood(broker, rate).finish()
    receiver.wait_numbers(rate)
    before, files, most, most_files, commands, tried = gateway.rss_anon(), open_files(gateway), 0, 0, 0, 0

    looking, count = Looking(), int(rate * SECONDS)
    flood, deadline = stage.flood(broker, count, rate=rate, first=rate), time.monotonic() + SECONDS
    with besieged(gateway, looking) as siege:
        while time.monotonic() < deadline:
            tried += check_tricks(gateway.port, gateway.token)
            body = b'{"number": %d}' % commands
            order = post(POST.format("a0"), "Content-Type: application/json", f"Idempotency-Key: order-{commands}", "Prefer: wait=5",
                         token=gateway.token, body=body)
            assert asked(gateway.port, order)[0][0] in (200, 202)
            commands += 1
            most, most_files = max(most, gateway.rss_anon()), max(most_files, open_files(gateway))
    flood.finish()
    receiver.wait_numbers(rate + count)
    gateway.wait_drained()
    most = max(most, gateway.rss_anon())
    Ledger(receiver.arrivals).check(rate + count)
    assert actors.done == {number: 1 for number in range(commands)}
    looking.check()
    assert most - before < MEMORY_MAX, f"from {before} to {most} bytes"
    assert 32 < most_files - files <= CONNECTIONS_MAX + 10, f"from {files} to {most_files} open files"  # a few are the clouds' and SQLite's
    experiment.note_figures("http interface under attack", "P2 P5 P6 P7", seed, seconds=SECONDS, crowd=siege.counts["crowd"],
                            slow=siege.counts["slow_peers"], pipelined=siege.counts["pipelined"], tricks=tried,
                            commands=commands, messages=count, lost=0, healthz_asked=len(looking.answers), healthz_not_200=0,
                            healthz_slowest_ms=int(looking.slowest * 1000), bytes_more=most - before)


def test_slow_peers_alone(stage):
    """One byte a second buys no time, in a header or in a body: ten seconds are all there are."""
    gateway = stage.gateway(stage.broker(), [])
    peers = [http_attack.Dripping(gateway.port, beginning) for beginning in (SLOW_HEADER, SLOW_BODY)]

    def told():
        for peer in peers:
            peer.drip()
        return all(peer.statuses[408] for peer in peers)
    until(told, "both are told that their time is over", within=30, every=1.0)
    assert all(peer.lives <= 2 for peer in peers)


def test_mutated_requests(stage):
    """Whatever is asked: a well-formed answer or a closed connection, and the gateway is there."""
    seed = experiment.seed()
    dice, statuses = random.Random(seed), collections.Counter()
    gateway = stage.gateway(stage.broker(), [], commands={"allow": ALLOW})
    json, token = "Content-Type: application/json", gateway.token
    whole = [*tricks(token), request("GET /metrics"), request("GET /api/v1/quarantine?count=5&by=schema"), request("GET /api/v1/commands", close=False),
             post(POST.format("a0"), json, "Idempotency-Key: k", token=token, body=b'{"number": 1}'), post("/api/v1/reload", json, token=token),
             post("/api/v1/quarantine/drop", json, token=token, body=b'{"ids": [1, 2]}'),
             request("POST " + POST.format("a0"), json, "Transfer-Encoding: chunked", "Expect: 100-continue", body=b"2\r\n{}\r\n0\r\nX: y\r\n\r\n")]
    whole = [text for text in whole if len(text) < 1000]
    assert asked(gateway.port, post("/api/v1/reload", json, token=token))[0][0] == 200  # reading all schemas takes memory for a while
    before = gateway.rss_anon()
    for number in range(MUTATIONS):
        text = http_attack.mutated(dice, dice.choice(whole))
        try:
            statuses.update(status for status, _, _ in judged(ask(gateway.port, text, half_close=True) or b""))
        except (AssertionError, KeyError, ValueError) as wrong:
            raise AssertionError(f"request {number}, {text}: {wrong}") from wrong
    more = gateway.rss_anon() - before
    assert gateway.process.alive() and gateway.get("/healthz")[0] == 200
    assert 500 not in statuses and len(statuses) > 5, statuses
    assert more < MEMORY_MAX, f"{more} bytes more than the {before} before"
    experiment.note_figures("mutated http requests", "P5 P7", seed, requests=MUTATIONS, answers=sum(statuses.values()), ended=0, bytes_more=more)
