"""Commands from a cloud over MQTT, by TLS with a login: response topics, expiry, queues, refusals."""
import datetime
import itertools
import json

import pytest
from stage.obstacle import Obstacle
from stage.waiting import holds_for, until

LOGIN = ("home", "a-right-password")


def cloud(stage, far, **more):
    return {"name": "far", "type": "mqtt", "url": far.url, "username": LOGIN[0], "password": LOGIN[1],
            "tls": {"ca_file": str(stage.authority.file)}, "downlink": {"topic": "homes/{gateway}/commands"}, **more}


def at(seconds):
    """So many seconds from now, as a command says it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat()


def act(number, **more):
    return {"id": f"c{number}", "device": "actor/a0", "command": "act", "params": {"number": number}, **more}


def in_the_cloud(stage, allow=None, commands=None, synced=True, **more):
    far, local = stage.far_broker(), stage.broker()
    actors = stage.actors(local, 2)
    allow = [{"from": ["far"], "device": "actor/*", "commands": ["*"]}] if allow is None else allow
    gateway = stage.gateway(local, [cloud(stage, far, **more)], commands={"allow": allow, **(commands or {})},
                            environment=Obstacle.clock(synced))
    gateway.wait_device("actor/a0", presence="online")
    gateway.process.wait_said("far           listens for commands")
    commander = stage.commander(far, ca_file=stage.authority.file, login=LOGIN)
    there = stage.far_side(far, topic="sluice/#", ca_file=stage.authority.file, login=LOGIN)
    return far, local, gateway, actors, commander, there


def outcome(there, identity):
    def ended(message):
        content = json.loads(message.payload)
        data = content.get("data", content)
        return data.get("id") == identity and "outcome" in data
    content = json.loads(there.wait_message(ended).payload)
    return content.get("data", content)


def test_the_answer_goes_where_it_was_asked_for(stage):
    _, _, _, actors, commander, there = in_the_cloud(stage)
    commander.send(act(1), correlation=b"\x00\xff one")
    answer = commander.answer_to(b"\x00\xff one")
    assert answer["outcome"] == "succeeded" and answer["id"] == "c1" and answer["reply"]["number"]["value"] == 1
    assert outcome(there, "c1")["outcome"] == "succeeded"
    commander.send(act(1), correlation=b"two")  # a repeat
    assert commander.answer_to(b"two") == answer
    commander.send({**act(2), "command": "whisper"}, correlation=b"three", qos=0)
    assert commander.answer_to(b"three")["outcome"] == "sent"
    assert actors.done == {1: 1, 2: 1} and actors.retained == 0


def test_as_a_cloudevent(stage):
    _, _, _, actors, commander, _ = in_the_cloud(stage)
    commander.send({"specversion": "1.0", "id": "e1", "source": "/house", "type": "command", "data":
                    {"device": "actor/a1", "command": "act", "params": {"number": 5}}}, correlation=b"e")
    assert commander.answer_to(b"e")["id"] == "e1"
    assert actors.done == {5: 1}


def test_over_3_1_1_the_outcome_comes_as_an_event(stage):
    _, _, _, actors, commander, there = in_the_cloud(stage, protocol="3.1.1")
    commander.send(act(1))
    assert outcome(there, "c1")["outcome"] == "succeeded"
    assert actors.done == {1: 1} and commander.answers == []


REFUSALS = [
    ("not allowed", {**act(1), "device": "tasmota/kitchen", "command": "power", "params": {"state": "ON"}}, "may not"),
    ("unknown device", {**act(2), "device": "actor/a77"}, "actor/a77"),
    ("unknown family", {**act(3), "device": "actr/a0"}, "actor"),
    ("unknown command", {**act(4), "command": "akt"}, "act"),
    ("wrong parameter", {**act(5), "params": {"number": "many"}}, "number"),
    ("expired", act(6, expires_at="2026-01-01T00:00:00Z"), "2026-01-01"),
    ("wildcard", {**act(7), "device": "actor/+"}, "+"),
    ("too large", {**act(8), "params": {"number": 1, "text": "x" * 70_000}}, "large"),
    ("no id", {"device": "actor/a0", "command": "act", "params": {"number": 9}}, "id"),
    ("broken", b'{"id":"c10"', "JSON"),
    ("binary", b"\xff\xfe\x00", "JSON"),
    ("no object", b"[1,2]", ""),
    ("bad time", act(12, expires_at="tomorrow"), "expires_at"),
]


def test_every_refusal_is_told_at_its_source(stage):
    _, _, gateway, actors, commander, there = in_the_cloud(stage)
    for name, command, words in REFUSALS:
        commander.send(command, correlation=name.encode())
    for name, command, words in REFUSALS:
        answer = commander.answer_to(name.encode())
        assert answer["outcome"] == ("expired" if name == "expired" else "rejected"), (name, answer)
        assert words in answer["reason"], (name, answer)
        if isinstance(command, dict) and "id" in command and name != "too large":  # of which not even the id is read
            assert outcome(there, command["id"])["outcome"] == answer["outcome"]
        gateway.process.wait_said(answer["reason"][:40])
    holds_for(lambda: not actors.done, 0.5, "nothing is sent")
    assert gateway.status()["commands"]["sent"] == 0


def test_without_a_synced_clock_no_end_can_be_judged(stage):
    _, _, _, actors, commander, _ = in_the_cloud(stage, synced=False, commands={"expire_after": "2s"})
    commander.send(act(1, expires_at=at(600)), correlation=b"own")
    answer = commander.answer_to(b"own")
    assert answer["outcome"] == "expired" and "clock" in answer["reason"], answer
    commander.send(act(2), correlation=b"none")
    assert commander.answer_to(b"none")["outcome"] == "succeeded"
    assert actors.done == {2: 1}


def test_a_retained_command_is_refused(stage):
    far, _, gateway, actors, commander, _ = in_the_cloud(stage)
    gateway.stop()
    commander.send(act(1), correlation=b"r", retain=True)
    gateway.start()
    holds_for(lambda: not actors.done, 1, "nothing is sent")


def test_message_expiry_counts_while_a_device_is_away(stage):
    _, local, gateway, actors, commander, _ = in_the_cloud(stage)
    actors.client.publish("actor/a0/presence", "offline", qos=1, retain=True)
    gateway.wait_device("actor/a0", presence="offline")
    commander.send(act(1), correlation=b"m", expiry=2)
    answer = commander.answer_to(b"m")
    assert answer["outcome"] == "expired" and "offline" in answer["reason"], answer
    actors.client.publish("actor/a0/presence", "online", qos=1, retain=True)
    gateway.wait_device("actor/a0", presence="online")
    commander.send(act(2), correlation=b"n")
    assert commander.answer_to(b"n")["outcome"] == "succeeded"
    assert actors.done == {2: 1}


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_commands_wait_at_the_cloud_while_the_gateway_is_away(stage, protocol):
    """The one that says how long it is good is executed; of the other nobody knows how old it is."""
    _, _, gateway, actors, commander, there = in_the_cloud(stage, protocol=protocol)
    gateway.stop()
    commander.send(act(1, expires_at=at(600)), correlation=b"good")
    commander.send(act(2), correlation=b"unknown")
    gateway.start()
    assert outcome(there, "c1")["outcome"] == "succeeded"
    late = outcome(there, "c2")
    assert late["outcome"] == "expired" and "expires_at" in late["reason"], late
    assert actors.done == {1: 1}
    # Once it is there, one without an end is as good as any. What comes in the first seconds may have lain there, too.
    numbers = itertools.count(100)
    until(lambda: (commander.send(act(next(numbers))), any(number >= 100 for number in list(actors.done)))[1],
          "a fresh command is executed", every=0.5)


def test_a_downlink_needs_a_login(stage):
    far, local = stage.broker(), stage.broker()
    entry = {"name": "far", "type": "mqtt", "url": far.url, "downlink": {"topic": "homes/commands"}}
    gateway = stage.gateway(local, [entry], start=False)
    checked = gateway.command("check")
    assert checked.returncode == 78 and "login" in checked.stdout, checked.stdout


def test_the_gateway_does_not_command_itself(stage):
    far, local = stage.broker(), stage.broker()
    entry = {"name": "far", "type": "mqtt", "url": far.url, "username": "x", "password": "y", "uplink": {"topic": "homes/{schema}/{device}"},
             "downlink": {"topic": "homes/a/b/c/d"}}
    checked = stage.gateway(local, [entry], start=False).command("check")
    assert checked.returncode == 78 and "command itself" in checked.stdout, checked.stdout


def test_the_far_broker_restarts_in_between(stage):
    far, _, gateway, actors, commander, there = in_the_cloud(stage)
    commander.send(act(1), correlation=b"before")
    commander.answer_to(b"before")
    far.stop()
    far.start()
    until(commander.client.is_connected, "the commander is back")
    commander.send(act(2, expires_at=at(600)), correlation=b"after")
    assert commander.answer_to(b"after")["outcome"] == "succeeded"
    assert actors.done == {1: 1, 2: 1}


def test_the_local_broker_is_away_for_a_while(stage):
    _, local, gateway, actors, commander, _ = in_the_cloud(stage)
    local.stop()
    commander.send(act(1), correlation=b"wait")
    until(lambda: gateway.status()["commands"]["accepted"] == 1, "it is taken")
    local.start()
    assert commander.answer_to(b"wait")["outcome"] == "succeeded"
    assert actors.done == {1: 1}
