"""A changed configuration or schema is taken up while messages come: none is lost, the session at the local broker is kept, and
a wrong one changes nothing."""
import json
import signal

from stage import devices
from stage.receiver import accept, always
from stage.systemd import Systemd
from stage.waiting import until

METER = """\
family: meter
messages:
  - name: power
    topic: meter/{{device}}/power
    format: text
    readings: {{ {name}: {{ at: value, unit: W, type: number }} }}
"""


class Steady:
    """Numbered messages at 200 a second, half at QoS 1 and half at QoS 0."""

    def __init__(self, stage, broker, each):
        self.each = each
        self.floods = [stage.flood(broker, each, rate=100, first=qos * each, qos=qos, devices=5) for qos in (0, 1)]

    def finish(self):
        for flood in self.floods:
            flood.finish()
        return set(range(2 * self.each))


def reload(gateway):
    """What `sluice reload` says: its exit code and its lines."""
    answer = gateway.command("reload")
    return answer.returncode, answer.stdout.splitlines(), answer.stderr


def takes_signals(gateway):
    """Whether it has taken SIGHUP's disposition into its own hand: before that the signal ends any process."""
    with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1], 16) & 1 << signal.SIGHUP - 1 for line in file if line.startswith("SigBlk"))


def connections(broker, client="sluice-test"):
    return len([line for line in broker.packets("New client connected") if f" as {client} " in line])


def test_messages_come_through_three_reloads(stage):
    broker, first, second = stage.broker(), stage.receiver(), stage.receiver()
    schemas = stage.folder / "schemas"
    schemas.mkdir()
    (schemas / "meter.yaml").write_text(METER.format(name="power"))
    gateway = stage.gateway(broker, [first.cloud()], start=False)
    gateway.config["schemas"]["dirs"].append(str(schemas))
    gateway.config["schemas"]["use"] = ["probe", "meter"]
    gateway.write_config()
    gateway.start(ready=False)
    until(lambda: takes_signals(gateway), "it takes signals")
    gateway.process.signal(signal.SIGHUP)  # it is not up yet, and lives on
    gateway.wait_ready()
    gateway.process.wait_said("reload: nothing has changed")
    steady = Steady(stage, broker, 800)

    # A schema.
    first.wait_numbers(100)
    (schemas / "meter.yaml").write_text(METER.format(name="watts").replace("meter/", "meters/"))
    code, lines, said = reload(gateway)
    assert code == 0 and [line.split(":")[0] for line in lines] == ["schemas", "local broker"], (lines, said)
    devices.publish(broker, ("meters/hall/power", "42"))
    event = first.wait_event(lambda event: event["subject"] == "meter/hall")
    assert event["data"]["readings"] == {"watts": {"value": 42, "unit": "W"}}

    # A cloud.
    gateway.config["clouds"].append(second.cloud("second"))
    gateway.write_config()
    code, lines, said = reload(gateway)
    assert (code, lines) == (0, ["cloud 'second' added"]), said
    devices.publish(broker, ("meters/attic/power", "1"))
    second.wait_event(lambda event: event["subject"] == "meter/attic")
    assert not [event for event in second.events if event["subject"] == "meter/hall"], "it begins at the present end"

    # A broken schema: by the command line, and by a signal.
    (schemas / "meter.yaml").write_text(METER.format(name="volts").replace("format: text", "format: tekst"))
    code, lines, said = reload(gateway)
    place = f"{schemas}/meter.yaml:5:13"
    assert code == 78 and not lines and place in said, said
    gateway.process.signal(signal.SIGHUP)
    until(lambda: len([line for line in gateway.process.err if "reload: refused" in line]) == 2, "the signal's reload is refused, too")
    assert gateway.process.said(place)
    status, _, answer = gateway.post("/api/v1/reload", {})
    assert status == 422 and answer["errors"][0]["line"] == 5, answer
    devices.publish(broker, ("meters/cellar/power", "7"))
    event = first.wait_event(lambda event: event["subject"] == "meter/cellar")
    assert event["data"]["readings"] == {"watts": {"value": 7, "unit": "W"}}, "the old one goes on"

    wanted = steady.finish()
    first.wait_numbers(len(wanted))
    numbers = [arrival.number for arrival in first.arrivals if arrival.number is not None]
    assert sorted(numbers) == sorted(wanted), "each arrived, and once"
    assert connections(broker) == 1, broker.packets(" as sluice-test ")
    gateway.wait_drained()
    assert gateway.cloud("second")["state"] == "up"

    # A cloud goes; what needs a restart is refused.
    (schemas / "meter.yaml").write_text(METER.format(name="watts").replace("meter/", "meters/"))
    gateway.config["clouds"].pop(0)
    gateway.write_config()
    assert reload(gateway)[:2] == (0, ["cloud 'hooks' removed"])
    assert [cloud["name"] for cloud in gateway.status()["clouds"]] == ["second"]
    assert reload(gateway)[:2] == (0, ["nothing has changed"])
    gateway.config["gateway"]["id"] = "other"
    gateway.config["log"] = {"level": "error"}
    gateway.write_config()
    code, _, said = reload(gateway)
    assert code == 78 and "gateway.id cannot change while the gateway runs" in said
    assert json.loads(gateway.get("/api/v1/status")[2])["gateway"]["id"] == "test"
    assert gateway.stop() == 0


def test_a_paused_cloud_is_tried_at_once_and_the_others_are_left_alone(stage):
    broker, far, picky, other = stage.broker(), stage.broker(), stage.receiver(), stage.receiver()
    picky.answer = always(401)
    mqtt = {"name": "far", "type": "mqtt", "url": far.url, "uplink": {"topic": "homes/{gateway}/{device}/{schema}"}}
    gateway = stage.gateway(broker, [picky.cloud("picky"), other.cloud("other"), mqtt])
    devices.publish(broker, devices.probe(1))
    gateway.wait_status(lambda status: status["clouds"][0]["state"] == "paused" and status["clouds"][2]["delivered"] == 1, "picky pauses")
    picky.answer = accept
    assert reload(gateway)[:2] == (0, ["cloud 'picky' was paused: tried again"])
    picky.wait_numbers(1)

    # One cloud changes: it alone goes on by another connection, where it was.
    gateway.config["clouds"][1]["compression"] = "gzip"
    gateway.write_config()
    assert reload(gateway)[:2] == (0, ["cloud 'other' changed: connected anew"])
    devices.publish(broker, devices.probe(2))
    other.wait_numbers(2)
    assert other.requests[-1].headers["content-encoding"] == "gzip" and "content-encoding" not in other.requests[0].headers
    assert sorted(arrival.number for arrival in other.arrivals) == [1, 2], "nothing twice"

    # The local broker's connection is made anew with its session; commands are allowed where none were.
    gateway.config["local_broker"]["receive_maximum"] = 500
    gateway.config["commands"] = {"allow": [{"from": ["api"], "device": "tasmota/*", "commands": ["power"]}]}
    gateway.write_config()
    plug = stage.plug(broker, "kitchen")
    code, lines, said = reload(gateway)
    assert code == 0 and [line for line in lines if "with the same session" in line], said
    gateway.wait_ready()
    assert connections(broker) == 2 and broker.packets("sluice-test") and gateway.process.said("session resumed")
    gateway.wait_device("tasmota/kitchen")
    answer = gateway.command("command", "send", "tasmota/kitchen", "power", "state=ON")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert len(far.packets("New client connected")) == 1, "the far cloud was left alone"
    assert plug.executed


def test_systemd_hears_of_it_and_a_new_token_counts(stage):
    broker, receiver, systemd = stage.broker(), stage.receiver(), Systemd(stage.folder)
    gateway = stage.gateway(broker, [receiver.cloud()], environment={"NOTIFY_SOCKET": systemd.path})
    until(lambda: systemd.count("READY=1") == 1, "READY")
    gateway.config["api"]["token"] = "a-token-of-my-own"
    gateway.write_config()
    code, _, said = reload(gateway)
    assert code == 69 and "systemctl reload" in said, "the running gateway does not know it yet"
    gateway.process.signal(signal.SIGHUP)
    until(lambda: systemd.count("READY=1") == 2, "READY again")
    heard = [line.split("=")[0] for line in systemd.heard]
    assert heard.index("RELOADING") < heard.index("MONOTONIC_USEC") < len(heard) - heard[::-1].index("READY")
    assert reload(gateway)[:2] == (0, ["nothing has changed"])
