"""200 commands, each delivered five times by changing sources, while the gateway is killed at random points: none is executed
twice, none after its time, each has exactly one outcome, and that is reported."""
import collections
import datetime
import random
import threading
import time

from stage import experiment
from stage.obstacle import Obstacle
from stage.waiting import until

COMMANDS, DELIVERIES, DEVICES = 200, 5, 20
LIFE = 20.0  # seconds a command is good
HOPELESS = 10  # every tenth is over when it is sent
LOGIN = ("home", "a-right-password")


def command_of(number, sent_at):
    late = number % HOPELESS == 0
    end = sent_at - 1 if late else sent_at + LIFE
    return {"id": f"c{number}", "device": f"actor/a{number % DEVICES}", "command": "whisper" if number % 7 == 0 else "act",
            "params": {"number": number}, "expires_at": datetime.datetime.fromtimestamp(end, datetime.timezone.utc).isoformat()}


class Killer:
    """kill -9 at random, and a start, until it is told to stop."""

    def __init__(self, gateway, dice):
        self.gateway, self.kills, self._dice = gateway, 0, dice
        self._ended, self._error = threading.Event(), None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            while not self._ended.wait(self._dice.uniform(0.05, 1.5)):
                self.gateway.kill()
                self.kills += 1
                self.gateway.start(ready=False)
        except Exception as error:  # pylint: disable=broad-except
            self._error = error

    def stop(self):
        self._ended.set()
        self._thread.join()
        if self._error:
            raise self._error


def deliver(gateway, commander, server, order, commands, dice):
    """Each of `order` once, by whatever source is next; one that the gateway does not take because it is down is gone."""
    for number in order:
        command = commands[number]
        source = dice.choice(["mqtt", "poll", "api"])
        if source == "mqtt":
            commander.send(command, correlation=str(number).encode())
        elif source == "poll":
            server.offer(command)
        else:
            try:
                gateway.post(f"/api/v1/devices/{command['device']}/commands/{command['command']}", command["params"],
                             {"Idempotency-Key": command["id"]})
            except (OSError, ValueError, AssertionError):
                commander.send(command, correlation=str(number).encode())


def test_nothing_twice_nothing_late_one_outcome_each(stage):
    seed = experiment.seed()
    dice = random.Random(seed)
    far, local = stage.far_broker(), stage.broker()
    actors, server, receiver = stage.actors(local, DEVICES), stage.command_server(), stage.receiver()
    allow = [{"from": ["far", "hooks", "api"], "device": "actor/*", "commands": ["act", "whisper"]}]
    # The HTTP interface has no end of its own for a command, so that this one is the bound there.
    cloud = {"name": "far", "type": "mqtt", "url": far.url, "username": LOGIN[0], "password": LOGIN[1],
             "tls": {"ca_file": str(stage.authority.file)}, "downlink": {"topic": "homes/{gateway}/commands"}}
    gateway = stage.gateway(local, [cloud, server.cloud(), receiver.cloud("events")], commands={"allow": allow, "expire_after": f"{LIFE:g}s"},
                            environment=Obstacle.clock(synced=True))
    gateway.wait_device(f"actor/a{DEVICES - 1}", presence="online")
    gateway.process.wait_said("listens for commands")
    commander = stage.commander(far, ca_file=stage.authority.file, login=LOGIN)

    commands, sent_at = {}, {}
    killer = Killer(gateway, random.Random(seed + 1))
    try:
        for first in range(0, COMMANDS, 40):
            numbers = range(first, first + 40)
            for number in numbers:
                sent_at[number] = time.time()
                commands[number] = command_of(number, sent_at[number])
            order = [number for number in numbers for _ in range(DELIVERIES)]
            dice.shuffle(order)
            deliver(gateway, commander, server, order, commands, dice)
    finally:
        killer.stop()
    gateway.wait_ready()
    assert killer.kills >= 10, f"{killer.kills} kills are too few to tell"

    def outcomes():
        found = collections.defaultdict(dict)  # command -> event id -> data: an event may be delivered twice
        for event in list(receiver.events):
            if event["type"] == "sluice.outcome.v1":
                found[event["data"]["id"]][event["id"]] = event["data"]
        return found
    until(lambda: len(outcomes()) == COMMANDS, lambda: f"an outcome of each; there are {len(outcomes())} (seed {seed})", 180)
    gateway.wait_drained("events")
    until(lambda: not server.pending, lambda: f"every command that was asked for is confirmed: {server.pending[:2]}", 120)

    twice = {number: count for number, count in actors.done.items() if count > 1}
    assert not twice, f"executed twice: {twice} (seed {seed})"
    late = {number: at - sent_at[number] for number, at in actors.at.items() if at > sent_at[number] + LIFE}
    over = [number for number in actors.done if number % HOPELESS == 0 and outcomes()[f"c{number}"] and ended_by_source(outcomes(), number)]
    assert not late and not over, f"executed late: {late} {over} (seed {seed})"
    several = {identity: found for identity, found in outcomes().items() if len(found) != 1}
    assert not several, f"not exactly one outcome: {several} (seed {seed})"
    ends = collections.Counter(next(iter(found.values()))["outcome"] for found in outcomes().values())
    for number in range(COMMANDS):
        end = next(iter(outcomes()[f"c{number}"].values()))["outcome"]
        if end in ("succeeded", "sent"):
            assert actors.done[number] == 1, f"c{number} {end} was not executed (seed {seed})"
        if end in ("expired", "rejected"):
            assert actors.done[number] == 0, f"c{number} {end} was executed (seed {seed})"
    assert ends["succeeded"] + ends["sent"] > COMMANDS / 3, ends
    answered = {correlation for correlation, _ in commander.answers}
    print(dict(ends), "kills", killer.kills, "answers", len(commander.answers), "to", len(answered))
    for identity, content in ((correlation.decode(), content) for correlation, content in commander.answers):
        assert content["outcome"] == next(iter(outcomes()[f"c{identity}"].values()))["outcome"]
    experiment.note_figures("commands under kill -9", "P6", seed, commands=COMMANDS, deliveries=COMMANDS * DELIVERIES, kills=killer.kills,
                            executed_twice=len(twice), executed_late=len(late))


def ended_by_source(outcomes, number):
    """Whether a command that was over from the beginning ended so: the HTTP interface alone gives it a life of its own."""
    return next(iter(outcomes[f"c{number}"].values()))["outcome"] == "expired"
