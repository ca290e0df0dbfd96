"""Messages that mean no good, or that no schema foresaw."""
import base64
import json
import os
import pathlib

DEEP = 100_000
LEVELS = 200  # slashes in a topic that mosquitto accepts
LONG_TOPIC = "tele/" + "x" * (65_535 - len("tele//SENSOR")) + "/SENSOR"

PAYLOADS = {
    "empty": b"",
    "brackets": b"[" * DEEP,
    "closed brackets": b"[" * DEEP + b"]" * DEEP,
    "objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "nan": b'{"Time":"2026-03-01T10:00:00","DS18B20":{"Temperature":nan}}',
    "infinite": b'{"DS18B20":{"Temperature":1e999}}',
    "cut": b'{"Time":"2026-03-01T10:00:00","DS18B20":{"Temp',
    "null bytes": b'{"DS18B20":{"Temperature":1}}\0\0\0',
    "byte order mark": b'\xef\xbb\xbf{"DS18B20":{"Temperature":1}}',
    "not UTF-8": b'{"DS18B20":{"Temperature":1,"Name":"\xff\xfe\x80"}}',
    "lone surrogate": b'{"DS18B20":{"Temperature":1,"Name":"\\ud800"}}',
    "control characters": b"\x00\x01\x02\x1b[31mred\x1b[0m\r\n",
    "long number": b'{"DS18B20":{"Temperature":' + b"9" * 100_000 + b"}}",
    "long key": b'{"' + b"k" * 500_000 + b'":{"Temperature":1}}',
    "many members": b"{" + b",".join(b'"s%d":{"Temperature":%d}' % (i, i) for i in range(20_000)) + b"}",
    "same member": b"{" + b",".join([b'"DS18B20":{"Temperature":1}'] * 20_000) + b"}",
    "wrong types": b'{"Time":{},"DS18B20":[[1]],"ENERGY":"none","Wifi":7,"TempUnit":[]}',
    "array": b"[1,2,3]",
    "bare word": b"unavailable",
    "doctype": b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><msg>&b;</msg>',
    "external entity": b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><msg><src>&x;</src></msg>',
    "deep XML": b"<a>" * 5000 + b"</a>" * 5000,
    "unclosed XML": b"<msg><src>CC128-v0.11</src><tmpr>21",
    "attributes": b"<msg " + b" ".join(b'a%d="1"' % i for i in range(20_000)) + b"/>",
    "many rows": b"time;temperature\n" + b"2026-03-01 10:00:00;1,5\n" * 30_000,
    "long row": b"time;temperature\n" + b"1;" * 100_000,
    "unclosed quote": b'time;temperature\n"2026-03-01 10:00:00;1,5\n' + b"x;1\n" * 1000,
    "random bytes": bytes((i * 7919 + 13) % 256 for i in range(4096)),
    "larger than allowed": b"x" * (1 << 20) + b"yyyy",
}
TOPICS = ["tele/hostile/SENSOR", "tele/hostile/LWT", "stat/hostile/RESULT", "zigbee2mqtt/hostile", "zigbee2mqtt/bridge/state",
          "SunFounder MQTT Test", "Long-Home/Küche/Temperatur", "probe/hostile/count"]
STRANGE_TOPICS = ["/", "//", "tele", "tele//SENSOR", "tele/a/b/SENSOR", "tele/../SENSOR", "tele/%2f/SENSOR", " ", "tele/\u202e/SENSOR",
                  "tele/" + "/" * (LEVELS - 2) + "SENSOR", LONG_TOPIC, "home/room/quantity/and/more", "\U0001f600/\U0001f600/\U0001f600"]


def own():
    """(topic, payload) pairs: every payload on every topic that a schema reads, and topics that none foresaw."""
    pairs = [(topic, payload) for payload in PAYLOADS.values() for topic in TOPICS]
    return pairs + [(topic, payload) for topic in STRANGE_TOPICS for payload in (b'{"a":1}', b"1", b"word")]


def corpus():
    """Those of the folder SLUICE_CORPUS, if it is set."""
    folder = os.environ.get("SLUICE_CORPUS")
    pairs = []
    for file in sorted(pathlib.Path(folder).glob("*.ndjson")) if folder else []:
        for line in file.read_text(encoding="utf-8").splitlines():
            message = json.loads(line)
            payload = base64.b64decode(message["payload_b64"]) if "payload_b64" in message else message["payload"].encode("utf-8", "surrogatepass")
            pairs.append((message["topic"], payload))
    return pairs


def deliverable(pairs):
    """Without what no broker would carry to the gateway: wildcards and control characters in a topic, the broker's own
    $ topics, more levels than mosquitto takes."""
    def fits(topic):
        return (topic and not topic.startswith("$") and not set(topic) & set("+#") and topic.count("/") <= LEVELS
                and not any(ord(character) < 0x20 or 0x7f <= ord(character) < 0xa0 or 0xd800 <= ord(character) < 0xe000 for character in topic)
                and len(topic.encode()) <= 65_535)
    return [(topic, payload) for topic, payload in pairs if fits(topic)]
