"""Commands from an Azure IoT hub: messages, direct methods and the twin, through crashes, lost connections and renewed tokens."""
import collections
import datetime
import json

from stage.azure_hub import AzureHub
from stage.obstacle import Obstacle
from stage.waiting import holds_for, until

POWER = "tasmota/kitchen"


class Home:
    """A hub, a gateway, a plug and two actors. Nothing that this hub would not take may have been said at the end."""

    def __init__(self, stage, plugs=("kitchen",), obstacle=None, more=None, **options):
        self.hub, self.local = stage.keep(AzureHub(stage.authority)), stage.broker()
        self.plugs = [stage.plug(self.local, name, **options) for name in plugs]
        self.plug, self.actors = self.plugs[0], stage.actors(self.local, 2)
        allow = [{"from": ["azure"], "device": device, "commands": ["*"]} for device in ("tasmota/*", "actor/a0")]
        cloud = self.hub.cloud(stage.authority, downlink={}, **(more or {}))
        environment = {**(obstacle.environment if obstacle else {}), **Obstacle.clock(synced=True)}
        self.gateway = stage.gateway(self.local, [cloud], commands={"allow": allow}, environment=environment)
        for name in plugs:
            self.gateway.wait_device(f"tasmota/{name}", presence="online")
        for name in self.actors.names:
            self.gateway.wait_device(f"actor/{name}", presence="online")
        self.wait_ready()

    def wait_ready(self):
        until(self.hub.down.ready, lambda: f"it listens to the hub; {self.hub.mistakes}")

    def come_again(self):
        """By a new connection, whose twin has been answered."""
        logins, gets = self.hub.logins, self.hub.down.gets
        self.hub.drop()
        until(lambda: self.hub.logins > logins and self.hub.down.gets > gets, "it connects again")
        self.wait_ready()

    def restart(self):
        gets = self.hub.down.gets
        self.gateway.stop()
        self.gateway.start()
        until(lambda: self.hub.down.gets > gets, "it asks for the twin")
        self.wait_ready()

    def outcomes(self):
        """Command id -> event id -> data: an event may be delivered twice."""
        found = collections.defaultdict(dict)
        for message in list(self.hub.telemetry):
            event = json.loads(message.payload)
            if event["type"] == "sluice.outcome.v1":
                found[event["data"]["id"]][event["id"]] = event["data"]
        return found

    def outcome(self, identity):
        until(lambda: self.outcomes()[identity], lambda: f"the outcome of {identity}; {self.hub.mistakes}")
        found = list(self.outcomes()[identity].values())
        assert len(found) == 1, found
        return found[0]

    def method(self, name, body, timeout=40):
        return self.hub.method(name, body, timeout)

    def setting(self, device=POWER, command="power", **is_):
        """What is reported of a setting, once that is so."""
        def reported():
            found = self.hub.down.reported.get("sluice", {}).get(device, {}).get(command)
            return found if found and all(found.get(name) == value for name, value in is_.items()) else None
        return until(reported, lambda: f"{device} {command} {is_}; reported is {self.hub.down.reported}, mistakes {self.hub.mistakes}")


def act(number, **more):
    return {"id": f"c{number}", "device": "actor/a0", "command": "act", "params": {"number": number}, **more}


def exp(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return {"$.exp": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


# ----- messages -----


def test_a_message_is_executed_and_its_outcome_is_telemetry(stage):
    home = Home(stage)
    message = home.hub.c2d(act(1))
    assert home.outcome("c1")["outcome"] == "succeeded"
    home.hub.c2d(act(1))  # a repeat under the same id
    until(lambda: all(each.acknowledged_at for each in home.hub.down.messages), "both are complete")
    assert message.sent == 1 and home.actors.done == {1: 1} and not home.hub.mistakes


def test_puback_only_when_it_is_stored(stage):
    obstacle = Obstacle(stage.folder)
    home = Home(stage, obstacle=obstacle)
    obstacle.set("hang")
    message = home.hub.c2d(act(1))
    obstacle.wait_reached()
    holds_for(lambda: not message.pubacks and not home.actors.done, 1.5, "nothing while the disk hangs")
    obstacle.clear()
    until(lambda: message.acknowledged_at, "PUBACK once it is stored")
    assert home.outcome("c1")["outcome"] == "succeeded"
    assert home.actors.done == {1: 1} and message.sent == 1 and not home.hub.mistakes


def test_killed_before_it_is_stored_it_comes_again(stage):
    obstacle = Obstacle(stage.folder)
    home = Home(stage, obstacle=obstacle)
    obstacle.set("hang")
    message = home.hub.c2d(act(1))
    obstacle.wait_reached()
    home.gateway.kill()
    assert not message.pubacks
    obstacle.clear()
    home.gateway.start()
    assert home.outcome("c1")["outcome"] == "succeeded"
    until(lambda: message.acknowledged_at, "PUBACK")
    assert home.actors.done == {1: 1} and message.sent == 2 and not home.hub.mistakes


def test_a_lost_puback_executes_nothing_twice(stage):
    home = Home(stage)
    home.hub.down.forgets = True
    message = home.hub.c2d(act(1))
    assert home.outcome("c1")["outcome"] == "succeeded"
    home.come_again()
    until(lambda: message.pubacks == 2, "it came again")
    home.gateway.kill()
    home.hub.down.forgets = False
    home.gateway.start()
    until(lambda: message.acknowledged_at, "PUBACK")
    assert message.sent == 3 and home.outcome("c1")["outcome"] == "succeeded"
    assert home.actors.done == {1: 1} and not home.hub.mistakes


def test_nothing_is_executed_after_its_expiry(stage):
    home = Home(stage)
    home.hub.c2d(act(1), exp(-1))
    home.hub.c2d(act(2), {})  # it may have lain at the hub for as long as the gateway was away
    for number in (1, 2):
        assert home.outcome(f"c{number}")["outcome"] == "expired"
    home.plug.go_away()
    home.gateway.wait_device(POWER, presence="offline")
    home.hub.c2d({"id": "late", "device": POWER, "command": "power", "params": {"state": "ON"}}, exp(2))
    assert home.outcome("late")["outcome"] == "expired"
    home.plug.come_back()
    home.gateway.wait_device(POWER, presence="online")
    holds_for(lambda: not home.plug.count() and not home.actors.done, 1, "nothing is sent")
    until(lambda: all(each.acknowledged_at for each in home.hub.down.messages), "they are complete all the same")
    assert not home.hub.mistakes


def test_messages_wait_at_the_hub_while_the_gateway_is_away(stage):
    home = Home(stage)
    home.gateway.stop()
    messages = [home.hub.c2d(act(number), exp(600)) for number in range(1, 6)]
    home.gateway.start()
    for number in range(1, 6):
        assert home.outcome(f"c{number}")["outcome"] == "succeeded"
    assert home.actors.done == {number: 1 for number in range(1, 6)}
    assert all(each.acknowledged_at for each in messages) and not home.hub.mistakes


def test_a_renewed_token_repeats_and_loses_no_command(stage):
    home = Home(stage, more={"token_life": "2s"})
    tokens = len(home.hub.expiries)
    count = 50
    for number in range(count):
        home.hub.c2d(act(number))
        if number % 10 == 9:  # over several tokens
            until(lambda: len(home.hub.expiries) > tokens + number // 10, "the token is renewed")
    until(lambda: all(each.acknowledged_at for each in home.hub.down.messages), "each is complete")
    for number in range(count):
        assert home.outcome(f"c{number}")["outcome"] == "succeeded"
    assert home.actors.done == {number: 1 for number in range(count)}
    assert home.hub.refused == 0 and not home.hub.mistakes


# ----- direct methods -----


def test_a_method_is_answered_with_the_outcome(stage):
    home = Home(stage)
    status, body = home.method("power", {"device": POWER, "state": "ON"})
    assert status == 200 and body["outcome"] == "succeeded" and body["reply"]["power"]["value"] is True, body
    assert home.plug.state == [True] and home.plug.count() == 1
    assert home.outcome(body["id"])["outcome"] == "succeeded"
    assert home.method("whisper", {"device": "actor/a0", "number": 1})[1]["outcome"] == "sent"
    assert not home.hub.mistakes


REFUSALS = [("power", {"device": POWER, "state": "PERHAPS"}, 400, "state"), ("power", {"device": POWER}, 400, "state"),
            ("power", {"state": "ON"}, 400, "device"), ("power", None, 400, "device"), ("power", [1], 400, "object"),
            ("power", {"device": "tasmota/+", "state": "ON"}, 400, "wildcard"),
            ("act", {"device": "actor/a1", "number": 1}, 403, "may not"),
            ("power", {"device": "tasmota/attic", "state": "ON"}, 404, "tasmota/attic"),
            ("powr", {"device": POWER}, 404, "powr"), ("act", {"device": "actr/a0", "number": 1}, 404, "actr")]


def test_every_refusal_of_a_method_has_its_status(stage):
    home = Home(stage)
    for name, body, status, words in REFUSALS:
        code, said = home.method(name, body)
        assert (code, said["outcome"]) == (status, "rejected") and words in said["reason"], (name, body, code, said)
    holds_for(lambda: not home.plug.count() and not home.actors.done, 0.5, "nothing is sent")
    assert not home.hub.mistakes


def test_a_silent_plug_is_told_and_one_that_is_away_is_waited_for(stage):
    home = Home(stage, plugs=("kitchen", "hall"), answers=None)
    home.plugs[1].go_away()
    home.gateway.wait_device("tasmota/hall", presence="offline")
    away = stage.later(lambda: home.method("power", {"device": "tasmota/hall", "state": "ON"}))
    status, body = home.method("power", {"device": POWER, "state": "ON"})
    assert (status, body["outcome"]) == (504, "unanswered") and home.plug.count() == 1
    status, body = away()
    assert (status, body["outcome"]) == (202, "accepted"), body
    home.plugs[1].answers = "RESULT"
    home.plugs[1].come_back()
    assert home.outcome(body["id"])["outcome"] == "succeeded"
    assert home.plugs[1].count() == 1 and not home.hub.down.late_answers and not home.hub.mistakes


def test_a_method_is_not_answered_over_another_connection(stage):
    home = Home(stage, answers=None)
    call = stage.later(lambda: home.method("power", {"device": POWER, "state": "ON"}, timeout=8))
    home.plug.wait_count(1)
    home.come_again()
    until(lambda: any(each["outcome"] == "unanswered" for found in home.outcomes().values() for each in found.values()), "it ends")
    # The new connection's own calls are answered, under request ids of its own.
    status, body = home.method("whisper", {"device": "actor/a0", "number": 1})
    assert (status, body["outcome"]) == (200, "sent")
    assert call() == (504, None), "nobody can tell any more"
    assert home.plug.count() == 1 and not home.hub.down.late_answers and not home.hub.mistakes


# ----- the twin -----


def test_a_setting_is_executed_once_and_reported(stage):
    home = Home(stage)
    version = home.hub.down.desire({POWER: {"power": {"state": "ON"}}, "telemetryInterval": 5, "firmware": {"version": "1"}})
    assert home.setting(outcome="succeeded")["version"] == version
    assert home.plug.state == [True] and home.plug.count() == 1
    # Somebody switches it off by hand: the same version again switches nothing.
    home.plug.push_button(False)
    home.come_again()
    holds_for(lambda: home.plug.count() == 1, 1, "the same version again, on a new connection")
    home.restart()
    holds_for(lambda: home.plug.count() == 1, 1, "the same version again, after a restart")
    home.gateway.kill()
    home.gateway.start()
    home.wait_ready()
    holds_for(lambda: home.plug.count() == 1, 1, "the same version again, after a crash")
    # What is no setting of a device is no business of ours.
    assert set(home.hub.down.reported) == {"sluice"} and set(home.hub.down.reported["sluice"]) == {POWER}
    assert not home.gateway.process.said("telemetryInterval") and not home.gateway.process.said("firmware")
    events = [json.loads(message.payload) for message in home.hub.telemetry]
    assert not any(event["data"].get("code") == "command_refused" for event in events)
    assert not home.hub.mistakes


def test_only_the_changed_setting_is_executed(stage):
    home = Home(stage, plugs=("kitchen", "hall"))
    home.hub.down.desire({POWER: {"power": {"state": "ON"}}, "tasmota/hall": {"power": {"state": "ON"}}})
    home.setting(outcome="succeeded")
    home.setting("tasmota/hall", outcome="succeeded")
    version = home.hub.down.desire({"tasmota/hall": {"power": {"state": "OFF"}}})
    home.setting("tasmota/hall", outcome="succeeded", version=version)
    home.hub.down.desire({"telemetryInterval": 5})
    home.come_again()
    home.restart()
    holds_for(lambda: [plug.count() for plug in home.plugs] == [1, 2], 1, "the other stays as it is")
    assert [plug.state for plug in home.plugs] == [[True], [False]] and not home.hub.mistakes


def test_half_a_change_is_executed_with_what_stands_in_the_twin(stage):
    home = Home(stage, relays=2)
    home.hub.down.desire({POWER: {"power": {"state": "ON", "channel": 1}}})
    home.setting(outcome="succeeded")
    version = home.hub.down.desire({POWER: {"power": {"channel": 2}}})
    home.setting(outcome="succeeded", version=version)
    assert home.plug.state == [True, True] and home.plug.count() == 2 and not home.hub.mistakes


def test_what_is_set_while_the_gateway_is_away_is_executed_when_it_is_back(stage):
    home = Home(stage)
    home.gateway.stop()
    home.hub.down.desire({POWER: {"power": {"state": "ON"}}})
    version = home.hub.down.desire({POWER: {"power": {"state": "OFF"}}})
    home.gateway.start()
    home.setting(outcome="succeeded", version=version)
    assert [each.payload for each in home.plug.executed] == ["OFF"] and not home.hub.mistakes


def test_a_setting_that_is_refused_is_reported(stage):
    home = Home(stage)
    home.hub.down.desire({POWER: {"power": {"state": "PERHAPS"}}, "actor/a1": {"act": {"number": 1}}, "tasmota/attic": {"power": {"state": "ON"}}})
    assert "state" in home.setting(outcome="rejected")["reason"]
    assert "may not" in home.setting("actor/a1", "act", outcome="rejected")["reason"]
    assert "tasmota/attic" in home.setting("tasmota/attic", outcome="rejected")["reason"]
    version = home.hub.down.desire({POWER: {"power": {"state": "ON"}}})
    assert "reason" not in home.setting(outcome="succeeded", version=version)
    assert home.plug.count() == 1 and not home.actors.done and not home.hub.mistakes


def test_names_that_a_twin_does_not_take(stage):
    home = Home(stage, plugs=("plug.$1",))
    version = home.hub.down.desire({"tasmota/plug%2E%241": {"power": {"state": "ON"}}})
    home.setting("tasmota/plug%2E%241", outcome="succeeded", version=version)
    assert home.plug.count() == 1 and not home.hub.mistakes
