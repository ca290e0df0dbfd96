"""Quarantine as a tool: what was set aside is looked at, replayed once the cause is mended, or let go; each event arrives
once, whatever happens meanwhile."""
import json

from stage import devices
from stage.accounts import Ledger, Watch
from stage.receiver import Answer
from stage.waiting import until

COUNT, BESIDE = 10_000, 200
SCHEMA = """family: probe
messages:
  - name: count
    topic: probe/{{device}}/count
    format: json
    readings:
      number: {{ at: {number}, type: integer, required: true }}
"""
WRONG, RIGHT = SCHEMA.format(number="/m"), SCHEMA.format(number="/n")


def at_home(stage, broker, clouds):
    """A gateway that reads the probes by a schema of its own, in a file that a test may mend."""
    file = stage.folder / "schemas" / "probe.yaml"
    file.parent.mkdir()
    file.write_text(WRONG)
    return stage.gateway(broker, clouds, schemas={"dirs": [str(file.parent)]}), file


def test_ten_thousand_messages_arrive_once_when_the_schema_is_mended(stage):
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway, schema = at_home(stage, broker, [receiver.cloud()])
    stage.flood(broker, COUNT).finish()
    gateway.wait_status(lambda status: status["messages"]["quarantined"] == COUNT, "all are in quarantine")
    gateway.stop()
    schema.write_text(RIGHT)
    gateway.start()

    with Watch(gateway):
        beside = stage.flood(broker, BESIDE, first=COUNT, rate=50)
        replay = stage.later(lambda: gateway.command("quarantine", "replay", "--all"))
        until(lambda: gateway.status()["quarantine"]["replayed"]["understood"] >= 1000, lambda: "the replay is under way")
        gateway.kill()
        left = len(gateway.quarantine())
        assert 0 < left < COUNT, "it was killed in the middle"
        gateway.start()
        done = replay()
        assert done.returncode == 0, done.stderr
        beside.finish()
        gateway.wait_status(lambda status: status["messages"]["understood"] >= COUNT + BESIDE, "all are understood")
        status = gateway.wait_drained()

    assert status["quarantine"]["records"] == 0 and status["quarantine"]["replayed"] == {"understood": COUNT, "ignored": 0}
    assert status["messages"]["quarantined"] == 0
    ledger = Ledger(receiver.arrivals)
    assert not ledger.lost(COUNT + BESIDE) and not ledger.under_two_ids()
    assert gateway.command("quarantine", "replay", "--all").stderr == "sluice: nothing to do\n"


def test_it_is_looked_at_and_let_go(stage):
    broker = stage.broker()
    gateway, _ = at_home(stage, broker, [])
    devices.publish(broker, devices.probe(1), ("probe/d2/count", b"\x1b[31mred\n"), devices.probe(3))
    gateway.wait_status(lambda status: status["quarantine"]["records"] == 3, "all are in quarantine")

    rows = [line.split("\t") for line in gateway.command("quarantine", "list").stdout.splitlines()]
    assert [row[0] for row in rows] == ["3", "2", "1"]
    assert rows[0][3:6] == ["probe/count", "number", "probe/d0/count"] and rows[0][6].startswith("missing")
    assert [row[0] for row in [line.split("\t") for line in gateway.command("quarantine", "list", "--topic", "probe/d2/#").stdout.splitlines()]] == ["2"]
    assert gateway.command("quarantine", "list", "--by", "schema").stdout.split("\t")[0] == "3"
    assert [entry["id"] for entry in json.loads(gateway.command("quarantine", "list", "--json", "--count", "2").stdout)] == [3, 2]

    shown = gateway.command("quarantine", "show", "2").stdout
    assert "\x1b" not in shown and r"payload: \x1b[31mred\n" in shown and "not JSON" in shown
    assert json.loads(gateway.command("quarantine", "show", "2", "--json").stdout)["payload"] == "\x1b[31mred\n"

    stays = gateway.command("quarantine", "replay", "1", "2")
    assert stays.returncode == 65 and [line.split("\t")[1] for line in stays.stdout.splitlines()] == ["quarantined"] * 2
    assert gateway.command("quarantine", "drop", "1", "2").returncode == 0
    assert gateway.command("quarantine", "drop", "1").returncode == 65
    assert gateway.command("quarantine", "show", "1").returncode == 65
    status = gateway.status()["quarantine"]
    assert (status["records"], status["discarded"]) == (1, 2)

    assert gateway.command("quarantine", "replay").returncode == 64
    assert gateway.command("quarantine", "replay", "--all", "3").returncode == 64
    assert "Example" in gateway.command("quarantine", "replay", "--help", config=False).stdout
    gateway.stop()
    assert gateway.command("quarantine", "list").returncode == 69


def test_what_a_cloud_refused_goes_to_that_cloud_alone(stage):
    broker, picky, other = stage.broker(), stage.receiver(), stage.receiver()
    mended = []

    def answer(request):
        refused = [event for event in request.events if event["data"]["readings"]["number"]["value"] == 3]
        return Answer(422) if refused and not mended else Answer()

    picky.answer = answer
    gateway = stage.gateway(broker, [picky.cloud("picky"), other.cloud("other")])
    devices.publish(broker, *(devices.probe(number) for number in range(6)))
    gateway.wait_status(lambda status: [c["delivered"] for c in status["clouds"]] == [5, 6], "one is refused")
    [entry] = json.loads(gateway.command("quarantine", "list", "--cloud", "picky", "--json").stdout)
    event = json.loads(gateway.command("quarantine", "show", str(entry["id"]), "--json").stdout)["event"]

    mended.append(True)
    status, _, said = gateway.post(f"/api/v1/quarantine/{entry['id']}/replay", {})
    assert (status, said) == (200, {"id": entry["id"], "outcome": "resent"})
    status = gateway.wait_status(lambda status: status["clouds"][0]["delivered"] == 6, "it is delivered")
    assert [c["rejected"] for c in status["clouds"]] == [0, 0] and status["clouds"][1]["delivered"] == 6
    assert [arrival.id for arrival in picky.arrivals if arrival.number == 3] == [event["id"]]
    assert len([arrival for arrival in other.arrivals if arrival.number == 3]) == 1
    assert status["quarantine"]["records"] == 0
