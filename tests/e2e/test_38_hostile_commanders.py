"""Whoever may reach the gateway with commands, and means no good: refused floods, odd answers, wrong ids."""
import json

from stage import devices
from stage.obstacle import Obstacle
from stage.receiver import Answer, always
from stage.waiting import holds_for, until

LOGIN = ("home", "a-right-password")


def act(number, **more):
    return {"id": f"c{number}", "device": "actor/a0", "command": "act", "params": {"number": number}, **more}


def with_commander(stage, clouds=(), **more):
    far, local = stage.far_broker(), stage.broker()
    actors = stage.actors(local, 1)
    cloud = {"name": "far", "type": "mqtt", "url": far.url, "username": LOGIN[0], "password": LOGIN[1], "tls": {"ca_file": str(stage.authority.file)},
             "uplink": {"only": {"kinds": ["notice"]}}, "downlink": {"topic": "homes/{gateway}/commands"}}
    gateway = stage.gateway(local, [cloud, *clouds], commands={"allow": [{"from": "far", "device": "actor/*", "commands": ["act"]}]},
                            environment=Obstacle.clock(synced=True), **more)
    gateway.wait_device("actor/a0", presence="online")
    gateway.process.wait_said("listens for commands")
    return local, gateway, actors, stage.commander(far, ca_file=stage.authority.file, login=LOGIN)


def test_refused_commands_push_no_telemetry_out(stage):
    receiver = stage.receiver()
    receiver.answer = always(503)
    local, gateway, _, commander = with_commander(stage, [receiver.cloud()], buffer={"size_max": "1MiB"})
    devices.publish(local, *[devices.probe(number) for number in range(200)])
    gateway.wait_status(lambda status: status["stored"] >= 200, "the telemetry is stored")
    for number in range(3000):
        commander.send(act(number, id="x" * 100 + str(number), device="actor/nobody"), answered=False, wait=False)
    gateway.wait_status(lambda status: status["commands"]["rejected"] >= 3000, "all are refused", 120)
    receiver.answer = lambda _request: Answer()
    receiver.wait_numbers(200)
    assert gateway.cloud()["dropped"] == {"size": 0, "age": 0, "damage": 0}


def test_a_response_topic_that_no_broker_takes_is_not_used(stage):
    _, gateway, actors, commander = with_commander(stage)
    commander.answers_to("a/" * 250 + "b")
    for number in range(20):
        commander.send(act(number, device="actor/nobody"), correlation=b"x")
    commander.answers_to("answers/commander")
    commander.send(act(100), correlation=b"good")
    assert commander.answer_to(b"good")["outcome"] == "succeeded"
    assert gateway.cloud("far")["state"] == "up"
    assert gateway.process.said("response topic is not used")


def test_an_id_stays_that_of_its_first_command(stage):
    _, _, actors, commander = with_commander(stage)
    commander.send(act(1), correlation=b"one")
    assert commander.answer_to(b"one")["outcome"] == "succeeded"
    commander.send({**act(2), "id": "c1"}, correlation=b"two")
    answer = commander.answer_to(b"two")
    assert answer["outcome"] == "rejected" and "another command" in answer["reason"], answer
    commander.send(json.dumps({"expires": "2020-01-01T00:00:00Z", **act(3)}).encode(), correlation=b"slip")
    assert "did you mean 'expires_at'" in commander.answer_to(b"slip")["reason"]
    holds_for(lambda: actors.done == {1: 1}, 0.3, "nothing else is executed")
    until(lambda: actors.done == {1: 1}, "it is executed once")
