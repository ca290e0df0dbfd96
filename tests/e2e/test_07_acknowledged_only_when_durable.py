"""The rule of acknowledgement, seen on the wire with the whole program: while a commit hangs or fails the broker gets no
PUBACK, and it delivers the messages again afterwards."""
import resource

from stage import devices
from stage.accounts import Ledger
from stage.obstacle import Obstacle
from stage.waiting import holds_for, until

COUNT = 50


def pubacks(broker):
    return len(broker.packets("Received PUBACK from sluice-test"))


def sent(broker):
    return len(broker.packets("Sending PUBLISH to sluice-test (d0"))


def sent_again(broker):
    return len(broker.packets("Sending PUBLISH to sluice-test (d1"))


def publish(broker):
    devices.publish(broker, *(devices.probe(number) for number in range(COUNT)))


def start(stage, receiver, **options):
    broker = stage.broker(debug=True)
    return broker, stage.gateway(broker, [receiver.cloud()], **options)


def check_all_arrive(gateway, receiver, broker):
    """All arrive under one id each, and all are acknowledged now."""
    receiver.wait_numbers(COUNT)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(COUNT)
    assert sent_again(broker) > 0, "the broker never delivered again"
    until(lambda: pubacks(broker) >= COUNT, "the broker hears PUBACK for every message")


def test_no_puback_while_a_commit_hangs(stage):
    receiver, obstacle = stage.receiver(), Obstacle(stage.folder)
    broker, gateway = start(stage, receiver, environment=obstacle.environment)
    obstacle.set("hang")
    publish(broker)
    obstacle.wait_reached()
    until(lambda: sent(broker) == COUNT, "the broker sends everything")
    holds_for(lambda: pubacks(broker) == 0, 2, "a PUBACK left before its message was durable")
    gateway.kill()
    obstacle.clear()
    gateway.start()
    check_all_arrive(gateway, receiver, broker)


def test_no_puback_when_a_commit_fails(stage):
    receiver, obstacle = stage.receiver(), Obstacle(stage.folder)
    broker, gateway = start(stage, receiver, environment=obstacle.environment)
    obstacle.set("fail")
    publish(broker)
    obstacle.wait_reached()
    until(lambda: gateway.get("/healthz")[0] == 503, "the gateway says that its disk does not work")
    holds_for(lambda: pubacks(broker) == 0, 2, "a PUBACK left for a message that was not stored")
    obstacle.clear()
    check_all_arrive(gateway, receiver, broker)
    until(lambda: gateway.get("/healthz")[0] == 200, "the gateway says that its disk works again")


def test_no_puback_when_the_disk_takes_no_more(stage):
    receiver = stage.receiver()
    broker, gateway = start(stage, receiver)
    _, hard = resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (0, hard))  # every write to a file fails
    publish(broker)
    until(lambda: gateway.get("/healthz")[0] == 503, "the gateway says that its disk does not work")
    holds_for(lambda: pubacks(broker) == 0, 2, "a PUBACK left for a message that was not stored")
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    check_all_arrive(gateway, receiver, broker)
