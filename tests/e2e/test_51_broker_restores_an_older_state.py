"""Gateway and broker fall together, and the broker comes back with an older state: it gives packet ids a second time, to new messages
of the same topic and payload. None of them is taken for a redelivery."""
import random

from stage import devices, experiment
from stage.obstacle import Obstacle
from stage.waiting import until

FALLS = experiment.rounds(2, 20)
PRESS = ("SunFounder MQTT Test", "button 3 is pressed")


def start(stage, environment=None):
    broker, receiver = stage.broker(debug=True, settings=["autosave_interval 0"]), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()], environment=environment)
    broker.save()  # the state that comes back: a session that has had no message yet
    return broker, receiver, gateway


def presses(receiver):
    """How many different presses have arrived."""
    return len({event["id"] for event in list(receiver.events) if event["subject"] == "button/sunfounder"})


def wait_presses(gateway, receiver, count):
    until(lambda: presses(receiver) >= count, lambda: f"{count} presses; {presses(receiver)} have come: {gateway.status()['messages']}", 20)
    assert presses(receiver) == count


def check_nothing_recognised(gateway):
    assert gateway.status()["messages"]["redelivered"] == 0


def packet_ids(broker):
    return {packet_id for packet_id, _ in broker.sent()}


def test_gateway_and_broker_fall_together(stage):
    seed = experiment.seed()
    dice, published, again = random.Random(seed), 0, 0
    broker, receiver, gateway = start(stage)
    before = set()
    for _ in range(FALLS):
        count = dice.randint(20, 200)
        devices.publish(broker, *[PRESS] * count)
        published += count
        wait_presses(gateway, receiver, published)
        again += len(before & packet_ids(broker))
        before |= packet_ids(broker)
        gateway.kill()
        broker.kill()
        broker.start()
        if dice.random() < 0.5:  # before the gateway is there, or after it
            devices.publish(broker, PRESS)
            published += 1
        gateway.start()
    devices.publish(broker, *[PRESS] * 10)
    wait_presses(gateway, receiver, published + 10)
    again += len(before & packet_ids(broker))
    check_nothing_recognised(gateway)
    assert again > 10, "no packet id was given again"
    assert gateway.status()["local_broker"]["session_lost_total"] == 0
    experiment.note_figures("broker restores an older state", "P1 P3", seed, falls=FALLS, messages=published + 10, packet_ids_given_again=again,
                            swallowed=0)


def test_and_the_commit_fails_that_takes_them(stage):
    """So that they come a second time, as redeliveries, under ids of which the disk still has receipts."""
    obstacle = Obstacle(stage.folder)
    broker, receiver, gateway = start(stage, obstacle.environment)
    devices.publish(broker, *[PRESS] * 50)
    wait_presses(gateway, receiver, 50)
    broker.kill()
    obstacle.set("fail")
    broker.start()
    gateway.wait_status(lambda status: status["local_broker"]["connected"], "the gateway is back at the broker")
    devices.publish(broker, *[PRESS] * 20)
    obstacle.wait_reached()
    until(lambda: gateway.get("/healthz")[0] == 503, "the gateway says that its disk does not work")
    obstacle.clear()
    wait_presses(gateway, receiver, 70)
    check_nothing_recognised(gateway)
