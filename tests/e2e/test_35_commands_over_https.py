"""Commands from a webhook cloud: asked for over HTTPS, in the answers to deliveries, their outcomes confirmed."""
import json

from stage.waiting import holds_for, until

ALLOW = {"allow": [{"from": ["hooks"], "device": "actor/*", "commands": ["*"]}]}


def act(number, **more):
    return {"id": f"c{number}", "device": "actor/a0", "command": "act", "params": {"number": number}, **more}


def polled(stage, tls=True, **cloud):
    broker = stage.broker()
    actors = stage.actors(broker, 1)
    server = stage.command_server(tls=tls)
    gateway = stage.gateway(broker, [server.cloud(**cloud)], commands=ALLOW)
    gateway.wait_device("actor/a0", presence="online")
    return server, gateway, actors


def test_asked_for_and_confirmed(stage):
    server, _, actors = polled(stage, headers={"x-functions-key": "k1"})
    server.offer(act(1), act(2))
    assert server.outcome("c1")["outcome"] == "succeeded" and server.outcome("c2")["outcome"] == "succeeded"
    assert actors.done == {1: 1, 2: 1}
    path, headers, _ = next(each for each in server.requests if "/outcome" in each[0])
    assert path == "/commands/c1/outcome?tenant=1" and headers["x-functions-key"] == "k1"
    until(lambda: any(event["type"] == "sluice.outcome.v1" and event["data"]["id"] == "c1" for event in server.events), "the outcome goes up, too")


def test_a_long_poll_is_answered_at_once(stage):
    server, _, actors = polled(stage)
    server.hold = 20.0
    until(lambda: any(path.startswith("/commands?") for path, _, _ in server.requests), "it is asked")
    server.offer(act(1))
    assert server.outcome("c1")["outcome"] == "succeeded"


def test_the_same_command_again_is_confirmed_again_and_not_executed(stage):
    server, gateway, actors = polled(stage)
    server.offer(act(1))
    server.outcome("c1")
    server.outcomes.clear()
    gateway.kill()
    gateway.start()
    server.offer(act(1))
    assert server.outcome("c1")["outcome"] == "succeeded"
    assert actors.done == {1: 1}


def test_an_outcome_is_told_until_it_is_taken(stage):
    server, gateway, actors = polled(stage)
    server.refuse = 503
    server.offer(act(1))
    until(lambda: sum("/outcome" in path for path, _, _ in server.requests) >= 2, "it is told again")
    gateway.kill()
    gateway.start()
    server.refuse = 0
    assert server.outcome("c1")["outcome"] == "succeeded"
    assert actors.done == {1: 1}


def test_refusals_are_confirmed(stage):
    server, _, actors = polled(stage)
    server.offer(act(1, command="akt"), act(2, device="actor/nobody"), {"id": "c3"}, "nonsense", act(4, expires_at="2020-01-01T00:00:00Z"), act(5))
    assert "act" in server.outcome("c1")["reason"] and "nobody" in server.outcome("c2")["reason"]
    assert server.outcome("c3")["outcome"] == "rejected"
    assert server.outcome("c5")["outcome"] == "succeeded"
    assert actors.done == {5: 1}


def test_in_the_answers_to_deliveries_only_if_wanted(stage):
    broker = stage.broker()
    actors = stage.actors(broker, 1)
    wanted, unwanted = stage.command_server(), stage.command_server()
    allow = {"allow": [{"from": ["hooks"], "device": "actor/*", "commands": ["*"]}]}
    gateway = stage.gateway(broker, [wanted.cloud(downlink={"in_answers": True}), unwanted.cloud("others", downlink={"poll": "http://127.0.0.1:9/none"})],
                            commands=allow)
    gateway.wait_device("actor/a0", presence="online")
    wanted.in_answers, unwanted.in_answers = [act(1)], [act(2)]
    actors.client.publish("actor/a0/done", json.dumps({"number": 0}))
    until(lambda: any(event["type"] == "sluice.outcome.v1" for event in wanted.events), "the outcome goes up")
    holds_for(lambda: actors.done == {1: 1}, 0.5, "the other is not taken")
