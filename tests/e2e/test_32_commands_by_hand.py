"""Commands by the HTTP interface and the command line: permission, parameters, replies, expiry, presence."""
import json

import pytest
from stage.waiting import holds_for, until

ALLOW = [{"from": ["api"], "device": "tasmota/*", "commands": ["*"]}]


def at_home(stage, allow=None, plugs=("kitchen",), **options):
    broker = stage.broker()
    receiver = stage.receiver()
    devices = [stage.plug(broker, name, **options) for name in plugs]
    gateway = stage.gateway(broker, [receiver.cloud()], commands={"allow": ALLOW if allow is None else allow})
    for name in plugs:
        gateway.wait_device(f"tasmota/{name}")
    return broker, receiver, gateway, devices[0]


def outcome(receiver, identity):
    return receiver.wait_event(lambda event: event["type"] == "sluice.outcome.v1" and event["data"]["id"] == identity)["data"]


def test_a_plug_is_switched_and_says_so(stage):
    _, receiver, gateway, plug = at_home(stage)
    status, headers, said = gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "ON"},
                                         {"Prefer": "wait=20", "Idempotency-Key": "one"})
    assert (status, said["outcome"]) == (200, "succeeded"), said
    assert said["reply"]["power"]["value"] is True and said["id"] == "one"
    assert plug.state == [True] and plug.count() == 1
    event = outcome(receiver, "one")
    assert event["outcome"] == "succeeded" and event["device"] == "tasmota/kitchen" and event["command"] == "power"
    # The same key once more: the known outcome, and nothing is sent.
    again = gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "ON"},
                         {"Prefer": "wait=20", "Idempotency-Key": '"one"'})
    assert (again[0], again[2]) == (200, said)
    assert gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "OFF"}, {"Idempotency-Key": "one"})[0] == 422
    assert plug.count() == 1
    assert gateway.get("/api/v1/commands/one")[0] == 200


@pytest.mark.parametrize("answers, relays, channel", [("RESULT", 1, None), ("POWER", 1, None), ("RESULT", 2, None),
                                                       ("RESULT", 2, 2), ("POWER", 4, 3), ("RESULT", 1, 1)])
def test_every_way_a_plug_answers(stage, answers, relays, channel):
    _, _, gateway, plug = at_home(stage, answers=answers, relays=relays)
    params = {"state": "ON", **({"channel": channel} if channel else {})}
    status, _, said = gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", params, {"Prefer": "wait=20"})
    assert (status, said["outcome"]) == (200, "succeeded"), said
    assert plug.state[(channel or 1) - 1]


def test_from_the_command_line(stage):
    _, _, gateway, plug = at_home(stage)
    sent = gateway.command("command", "send", "tasmota/kitchen", "power", "state=ON", "--wait", "20s")
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout)["outcome"] == "succeeded"
    wrong = gateway.command("command", "send", "tasmota/kitchen", "power", "state=PERHAPS")
    assert wrong.returncode == 65 and "state" in wrong.stderr + wrong.stdout
    listed = json.loads(gateway.command("command", "list", "--json").stdout)
    assert [each["outcome"] for each in listed] == ["rejected", "succeeded"]
    assert "succeeded" in gateway.command("command", "list").stdout
    assert plug.count() == 1


def test_what_is_not_right_is_refused_and_nothing_is_sent(stage):
    allow = [{"from": ["api"], "device": "tasmota/*", "commands": ["power"]}, {"from": ["api"], "device": "tasmota/hall_lights", "commands": ["power"]}]
    _, receiver, gateway, plug = at_home(stage, allow)
    path = "/api/v1/devices/tasmota/kitchen/commands/"
    refusals = [(path + "dimmer", {"level": 5}, 403, "commands.allow"), (path + "powr", {}, 404, "power"),
                ("/api/v1/devices/tasmota/attic/commands/power", {"state": "ON"}, 404, "tasmota/attic"),
                ("/api/v1/devices/nothing/x/commands/power", {"state": "ON"}, 404, "nothing"),
                (path + "power", {"state": "MAYBE"}, 400, "state"), (path + "power", {}, 400, "state"),
                (path + "power", {"state": "ON", "much": 1}, 400, "much"), (path + "power", b"{broken", 400, "JSON"),
                ("/api/v1/devices/tasmota/+/commands/power", {"state": "ON"}, 400, "+"),
                (path + "console", {"command": "Reset", "argument": "1"}, 403, "console"),
                (path + "power", b'{"state":"' + b"x" * 70_000 + b'"}', 413, "")]
    for where, params, status, words in refusals:
        code, headers, said = gateway.post(where, params)
        assert code == status, (where, params, code, said)
        assert headers["Content-Type"] == "application/problem+json" and words in json.dumps(said), said
    holds_for(lambda: plug.count() == 0, 0.5, "nothing is sent")
    refused = [event["data"] for event in receiver.events if event["type"] == "sluice.outcome.v1"]
    assert {each["outcome"] for each in refused} == {"rejected"}
    assert gateway.process.said("api: dimmer to tasmota/kitchen")
    status = gateway.status()["commands"]
    assert status["sent"] == 0 and status["accepted"] == 0 and status["rejected"] >= 9


def test_a_wildcard_does_not_open_the_console(stage):
    _, _, gateway, plug = at_home(stage)  # commands: "*"
    code, _, said = gateway.post("/api/v1/devices/tasmota/kitchen/commands/console", {"command": "Power", "argument": "ON"})
    assert code == 403 and "named" in said["detail"], said
    assert plug.count() == 0


def test_the_console_when_it_is_named(stage):
    _, _, gateway, plug = at_home(stage, [{"from": ["api"], "device": "tasmota/*", "commands": ["console"]}])
    code, _, said = gateway.post("/api/v1/devices/tasmota/kitchen/commands/console", {"command": "Dimmr", "argument": "5"}, {"Prefer": "wait=20"})
    assert (code, said["outcome"]) == (200, "failed"), said
    assert gateway.post("/api/v1/devices/tasmota/kitchen/commands/console", {"command": "Backlog", "argument": "Power ON"})[0] == 400
    assert plug.count() == 1


def test_no_answer_is_told_as_such(stage):
    _, _, gateway, plug = at_home(stage, answers=None)
    status, _, said = gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "ON"}, {"Prefer": "wait=30"})
    assert (status, said["outcome"]) == (200, "unanswered"), said
    assert plug.count() == 1


def test_a_hand_on_the_switch_is_no_answer(stage):
    _, _, gateway, plug = at_home(stage, answers=None)
    sent = stage.later(lambda: gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "ON"}, {"Prefer": "wait=30"}))
    plug.wait_count(1)
    plug.push_button(False)
    assert sent()[2]["outcome"] == "unanswered"


def test_commands_wait_for_a_device_that_is_away(stage):
    broker, _, gateway, plug = at_home(stage)
    plug.go_away()
    gateway.wait_device("tasmota/kitchen", presence="offline")
    code, headers, said = gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "ON"})
    assert code == 202 and said["outcome"] == "accepted", said
    later = gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "OFF"}, {"Idempotency-Key": "later"})
    assert later[0] == 202
    # The first is pointless by now: the schema says that the latest wins.
    until(lambda: json.loads(gateway.get(headers["Location"])[2])["outcome"] == "expired", "the first gives way")
    plug.come_back()
    until(lambda: json.loads(gateway.get("/api/v1/commands/later")[2])["outcome"] == "succeeded", "it is sent when the plug is back")
    assert [each.payload for each in plug.executed] == ["OFF"]


def test_nothing_is_sent_after_its_time(stage):
    broker = stage.broker()
    receiver = stage.receiver()
    plug = stage.plug(broker, "kitchen")
    gateway = stage.gateway(broker, [receiver.cloud()], commands={"allow": ALLOW, "expire_after": "2s"})
    gateway.wait_device("tasmota/kitchen")
    plug.go_away()
    gateway.wait_device("tasmota/kitchen", presence="offline")
    _, _, said = gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "ON"}, {"Idempotency-Key": "late", "Prefer": "wait=30"})
    assert said["outcome"] == "expired" and "offline" in said["reason"], said
    plug.come_back()
    gateway.wait_device("tasmota/kitchen", presence="online")
    holds_for(lambda: plug.count() == 0, 1, "nothing is sent")


def test_a_group_lists_who_answered(stage):
    broker = stage.broker()
    plugs = [stage.plug(broker, name, groups=("hall_lights",)) for name in ("hall1", "hall2")]
    allow = [{"from": ["api"], "device": "tasmota/hall_lights", "commands": ["power"]}]
    gateway = stage.gateway(broker, [], commands={"allow": allow, "groups": {"tasmota/hall_lights": ["tasmota/hall1", "tasmota/hall2"]}})
    _, _, said = gateway.post("/api/v1/devices/tasmota/hall_lights/commands/power", {"state": "ON"}, {"Prefer": "wait=30"})
    assert said["outcome"] == "succeeded", said
    assert sorted(said["answered_by"]) == ["tasmota/hall1", "tasmota/hall2"]
    plugs[1].answers = None
    _, _, said = gateway.post("/api/v1/devices/tasmota/hall_lights/commands/power", {"state": "OFF"}, {"Prefer": "wait=30"})
    assert said["outcome"] == "unanswered" and said["answered_by"] == ["tasmota/hall1"] and "1 of 2" in said["reason"], said


def test_a_group_whose_members_nobody_listed(stage):
    broker = stage.broker()
    for name in ("hall1", "hall2"):
        stage.plug(broker, name, groups=("hall_lights",))
    gateway = stage.gateway(broker, [], commands={"allow": [{"from": ["api"], "device": "tasmota/hall_lights", "commands": ["power"]}]})
    _, _, said = gateway.post("/api/v1/devices/tasmota/hall_lights/commands/power", {"state": "ON"}, {"Prefer": "wait=30"})
    assert said["outcome"] == "succeeded" and sorted(said["answered_by"]) == ["tasmota/hall1", "tasmota/hall2"], said


def test_presence_outlives_a_restart_as_unknown(stage):
    broker, _, gateway, plug = at_home(stage, allow=[])  # nothing allowed: no second client that would hear what is retained
    gateway.wait_device("tasmota/kitchen", presence="online")
    gateway.stop()
    gateway.start()
    device = json.loads(gateway.get("/api/v1/devices/tasmota/kitchen")[2])
    assert device["presence"] == "unknown" and device["last_known"] == "online" and device["since"], device
    plug.go_away()
    device = gateway.wait_device("tasmota/kitchen", presence="offline")
    assert "last_known" not in device


def test_devices_are_listed_with_what_they_said_and_take(stage):
    _, _, gateway, _ = at_home(stage)
    device = gateway.wait_device("tasmota/kitchen", presence="online")
    assert device["last"]["tasmota/lwt"]["online"] is True
    assert "power" in [command["name"] for command in device["commands"]]
    listed = json.loads(gateway.get("/api/v1/devices")[2])
    assert [each["device"] for each in listed] == ["tasmota/kitchen"]
    assert gateway.get("/api/v1/devices/tasmota/nobody")[0] == 404


def test_any_topic_only_where_topics_are_listed(stage):
    broker = stage.broker()
    allow = [{"from": ["api"], "device": "mqtt/*", "commands": ["publish"], "topics": ["garden/#"]}]
    gateway = stage.gateway(broker, [], commands={"allow": allow + [{"from": ["api"], "device": "mqtt/broker", "commands": ["publish"], "topics": ["shed/+"]}]})
    heard = stage.listener(broker, "#")
    path = "/api/v1/devices/mqtt/broker/commands/publish"
    assert gateway.post(path, {"topic": "garden/valve/set", "payload": "open"}, {"Prefer": "wait=20"})[2]["outcome"] == "sent"
    heard.wait("garden/valve/set", b"open")
    for topic in ("cmnd/kitchen/POWER", "shed/a/b", "$SYS/x", "garden/+", "garden/#", ""):
        assert gateway.post(path, {"topic": topic, "payload": "x"})[0] in (400, 403), topic
    assert [topic for topic, _ in heard.messages] == ["garden/valve/set"]


def test_any_topic_without_topics_is_refused_by_check(stage):
    gateway = stage.gateway(stage.broker(), [], start=False, commands={"allow": [{"from": ["api"], "device": "mqtt/broker", "commands": ["publish"]}]})
    checked = gateway.command("check")
    assert checked.returncode == 78 and "topics" in checked.stdout, checked.stdout


def test_what_a_command_waits_for_is_told(stage):
    broker, _, gateway, plug = at_home(stage)
    plug.go_away()
    gateway.wait_device("tasmota/kitchen", presence="offline")
    sent = gateway.command("command", "send", "tasmota/kitchen", "power", "state=ON", "--wait", "100ms")
    assert sent.returncode == 69 and "offline" in sent.stderr, sent
    assert "offline" in gateway.command("command", "list").stdout
    broker.stop()
    until(lambda: "local broker" in gateway.command("command", "list").stdout, "the broker is away, too")


def test_slips_are_told(stage):
    _, _, gateway, plug = at_home(stage)
    assert "kitchen" in gateway.post("/api/v1/devices/tasmota/kitchn/commands/power", {"state": "ON"})[2]["detail"]
    assert "did you mean 'command'" in gateway.command("comand", config=False).stderr
    assert "did you mean 'send'" in gateway.command("command", "snd", config=False).stderr
    assert plug.count() == 0
