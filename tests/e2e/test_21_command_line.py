"""The commands beside `run`: try, schemas, simulate with receive, version, help, and wrong usage."""
import json
import re
import signal

from stage import devices
from stage.places import binary
from stage.ports import free_port
from stage.process import Process
from stage.waiting import until

SENSOR = '{"Time":"2026-03-01T10:00:00","DS18B20":{"Temperature":21.5},"TempUnit":"C"}'


def idle(stage):
    return stage.gateway(stage.broker(start=False), start=False)


def test_try_prints_the_events(stage):
    answer = idle(stage).command("try", "--topic", "tele/kitchen/SENSOR", "--payload", SENSOR)
    assert answer.returncode == 0
    [event] = [json.loads(line) for line in answer.stdout.splitlines()]
    assert event["subject"] == "tasmota/kitchen" and event["type"] == "sluice.reading.v1"
    assert event["data"]["readings"]["ds18b20.temperature"] == {"value": 21.5, "unit": "Cel"}


def test_try_says_why_not(stage):
    answer = idle(stage).command("try", "--topic", "tele/kitchen/SENSOR", text="nonsense")
    assert answer.returncode == 65 and "not JSON" in answer.stderr + answer.stdout


def test_every_example_of_every_schema_holds(stage):
    gateway = idle(stage)
    assert gateway.command("schemas", "test").returncode == 0
    listed = {line.split("\t")[0] for line in gateway.command("schemas", "list").stdout.splitlines()}
    assert {"tasmota", "zigbee2mqtt", "currentcost", "weatherstation", "button", "home", "probe"} <= listed
    assert "tele" in gateway.command("schemas", "show", "tasmota").stdout
    assert "#" in gateway.command("schemas", "doc").stdout


def test_an_example_that_does_not_hold(stage):
    wrong = stage.folder / "wrong.yaml"
    wrong.write_text('family: wrong\nmessages:\n  - name: m\n    topic: w/{device}\n    format: text\n    readings: { value: value }\n'
                     '    examples: [{ topic: w/d, payload: "1", event: { readings: { value: 2 } } }]\n')
    assert idle(stage).command("schemas", "test", wrong).returncode == 65


def test_differences_are_told_field_by_field(stage):
    wrong = stage.folder / "wrong.yaml"
    wrong.write_text('family: wrong\nmessages:\n  - name: m\n    topic: w/{device}\n    format: json\n    readings: { power: { at: /p, unit: W } }\n'
                     '    examples:\n      - { topic: w/d, payload: \'{"p":1}\', event: { device: wrong/e, readings: { powr: 1 } } }\n')
    answer = idle(stage).command("schemas", "test", wrong)
    assert answer.returncode == 65
    assert answer.stdout.splitlines() == [
        f"{wrong}:8:9: wrong/m", "  topic w/d", '  payload {"p":1}', '  - device: "wrong/e"', '  + device: "wrong/d"',
        "  - readings.powr: 1  (missing; did you mean 'power'?)", '  + readings.power: {"unit":"W","value":1}  (not in the example)']


def test_a_first_schema_is_written_from_what_devices_say(stage):
    broker = stage.broker()
    gateway = stage.gateway(broker, start=False)
    devices.publish(broker, ("barn/left/climate", '{"t":21.5,"rh":40,"password":"hunter2"}'),
                    ("barn/right/climate", '{"t":20.5,"rh":41}'), retain=True)
    new = stage.folder / "barn.yaml"
    answer = gateway.command("schemas", "new", "--topic", "barn/+/climate", "--count", "2", "--for", "60s", "--output", new)
    assert answer.returncode == 0, answer.stderr
    text = new.read_text()
    assert 'topic: "barn/{device}/climate"' in text and "temperature: { at: /t, unit: Cel }" in text and "hunter2" not in text
    assert gateway.command("schemas", "test", new).returncode == 0
    listeners = broker.packets("as sluice-new-")
    assert listeners and all(", c1," in line for line in listeners), "the broker keeps no session for it"
    assert gateway.command("schemas", "new", "--topic", "#", "--output", new).returncode == 64, "it is there already"
    assert gateway.command("schemas", "new", "--topic", "a/#/b").returncode == 64
    recording = stage.folder / "barn.ndjson"
    recording.write_text('{"topic":"barn/left/climate","payload":"{\\"t\\":21.5}"}\n')
    answer = gateway.command("schemas", "new", "--from", recording)
    assert answer.returncode == 0 and answer.stdout.startswith("family: barn\n"), answer.stderr


def test_coverage_says_how_much_is_understood(stage):
    recording = stage.folder / "tasmota-cellar.ndjson"
    lines = [("tele/kitchen/SENSOR", SENSOR), ("tele/kitchen/SENSOR", "nonsense"), ("cmnd/kitchen/POWER", "ON"), ("no/body/knows/this", "x")]
    recording.write_text("".join(json.dumps({"topic": topic, "payload": payload}) + "\n" for topic, payload in lines))
    answer = idle(stage).command("schemas", "coverage", stage.folder, "--rest")
    assert answer.returncode == 0, answer.stderr
    assert "| tasmota-cellar | tasmota | 4 | 1 | 0 | 1 | 0 | 1 | 1 | 33.3 % |" in answer.stdout.splitlines()
    assert f"{recording}:4: no/body/knows/this: no schema has its topic" in answer.stdout.splitlines()
    recording.write_text("{}\n")
    answer = idle(stage).command("schemas", "coverage", recording)
    assert answer.returncode == 65 and f"{recording}:1: there is no 'topic'" in answer.stderr


def test_try_explains_itself(stage):
    gateway = idle(stage)
    answer = gateway.command("try", "--topic", "tele/kitchen/SENSOR", "--payload", SENSOR)
    assert re.search(r"^read by tasmota/sensor \(.*tasmota\.yaml:\d+:\d+\)$", answer.stderr, re.MULTILINE)
    assert re.search(r"^  not by tasmota/zigbee \(.*: it applies only if there is `/ZbReceived`", answer.stderr, re.MULTILINE)
    answer = gateway.command("try", "--topic", "tele/kitchen/SENSOR", "--payload", "x", "--quiet")
    assert (answer.returncode, answer.stdout, answer.stderr) == (65, "", "")


def test_simulated_devices_arrive_at_receive(stage):
    port = free_port()
    receiver = stage.keep(Process([binary(), "receive", "--listen", f"127.0.0.1:{port}"], stage.folder / "receive.log"))
    receiver.wait_said(str(port))
    gateway = stage.gateway(stage.broker(), [{"name": "here", "type": "webhook", "url": f"http://127.0.0.1:{port}/"}])
    simulated = gateway.command("simulate", "--rate", "100/s", "--for", "3s")
    assert simulated.returncode == 0, simulated.stderr
    told = json.loads(simulated.stdout.splitlines()[-1])
    assert told["published"] > 100 and told["expected_records"] > 100
    status = gateway.wait_status(lambda status: status["clouds"][0]["delivered"] >= told["expected_records"], "all are delivered")
    assert status["stored"] == told["expected_records"] and status["messages"]["quarantined"] == 0
    until(lambda: len(receiver.out) >= told["expected_records"], "receive prints them")
    assert all(json.loads(line)["specversion"] == "1.0" for line in receiver.out)
    receiver.signal(signal.SIGINT)
    assert receiver.wait() == 0
    assert f"{told['expected_records']} unique, 0 duplicates" in receiver.err[-1]


def test_version_help_and_wrong_usage(stage):
    gateway = idle(stage)
    assert re.match(r"sluice \d+\.\d+\.\d+", gateway.command("version", config=False).stdout)
    assert "run" in gateway.command("--help", config=False).stdout
    for command in ("run", "check", "try", "schemas", "simulate", "receive", "status", "selftest", "version"):
        assert "sluice " + command in gateway.command(command, "--help", config=False).stdout
    assert gateway.command("rum", config=False).returncode == 64
    assert gateway.command("try", config=False).returncode == 64
