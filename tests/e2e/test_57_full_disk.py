"""The disk is full, or read-only: the gateway stops acknowledging, says so, and goes on by itself when there is room again. Nothing that
it acknowledged is lost, and nothing that was published at QoS 1."""
import pytest
from stage import devices, experiment
from stage.accounts import Ledger
from stage.obstacle import Obstacle
from stage.receiver import accept, always
from stage.small_disk import RefusedWrites, SmallDisk, may_mount
from stage.waiting import holds_for, until

ROUNDS = experiment.rounds(1, 20)
RATE = 500
mounting = may_mount()
if not mounting:
    print("no file system can be mounted here (that needs root): files that cannot grow take the place of a full disk")


def pubacks(broker):
    return len(broker.packets("Received PUBACK from sluice-test"))


def connects(broker):
    return len(broker.packets("as sluice-test ("))


def start(stage, **options):
    broker, receiver = stage.broker(debug=True), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()], start=False, **options)
    disk = stage.keep(SmallDisk(gateway.data, "8m") if mounting else RefusedWrites(gateway))
    stage.keep(gateway)  # ended before its disk is
    return broker, receiver, gateway.start(), disk


def check_refuses(broker, gateway):
    """The disk takes nothing: it is told, no PUBACK leaves, and the broker is not asked for the same again and again."""
    until(lambda: gateway.get("/healthz")[0] == 503, "the gateway says that its disk does not work")
    assert "sluice.db" in gateway.get("/healthz")[2]
    gateway.process.wait_said("writing failed")
    until(lambda: not gateway.status_unchecked()["local_broker"]["connected"], "it stays away from the broker")
    seen, came = pubacks(broker), connects(broker)
    holds_for(lambda: pubacks(broker) == seen, 1, "a PUBACK left for a message that was not stored")
    assert connects(broker) == came, "it came back although its disk takes nothing"


def check_goes_on(gateway):
    until(lambda: gateway.get("/healthz")[0] == 200, "the gateway says that its disk works again")
    assert gateway.process.said("writing works again")


@pytest.mark.parametrize("cloud", ["up", "down"])
def test_full_and_room_again(stage, cloud):
    seed, count = experiment.seed(), 1200
    broker, receiver, gateway, disk = start(stage)
    for round_ in range(ROUNDS):
        flood = stage.flood(broker, count, rate=RATE, first=round_ * count)
        receiver.wait_numbers(round_ * count + 100)
        receiver.answer = accept if cloud == "up" else always(503, retry_after=1)
        disk.fill()
        check_refuses(broker, gateway)
        disk.clear()
        flood.finish()
        check_goes_on(gateway)
        receiver.answer = accept
        receiver.wait_numbers((round_ + 1) * count)
        gateway.wait_drained()
        assert gateway.stop() == 0  # a new one has no log yet that it could write over
        gateway.start()
    Ledger(receiver.arrivals).check(ROUNDS * count)
    experiment.note_figures(f"full disk, cloud {cloud}", "P1 P2 P4", seed, mounted=int(mounting), rounds=ROUNDS, messages=ROUNDS * count, lost=0,
                            under_two_ids=0)


def test_full_at_a_start(stage):
    """It says so and ends with the code for disks; started again when there is room (its service does), it has everything."""
    if not mounting:
        return
    broker, receiver, gateway, disk = start(stage)
    receiver.answer = always(503, retry_after=1)
    devices.publish(broker, *(devices.probe(number) for number in range(100)))
    gateway.wait_status(lambda status: status["stored"] == 100, "all are stored")
    disk.fill()
    gateway.kill()
    devices.publish(broker, *(devices.probe(number) for number in range(100, 200)))
    gateway.start(ready=False)
    assert gateway.process.wait() == 74 and gateway.process.said("sluice.db"), gateway.process.err
    disk.clear()
    receiver.answer = accept
    gateway.start()
    receiver.wait_numbers(200)
    Ledger(receiver.arrivals).check(200)


def test_read_only_at_a_start(stage):
    if not mounting:
        return
    broker, receiver, gateway, disk = start(stage)
    devices.publish(broker, *(devices.probe(number) for number in range(100)))
    receiver.wait_numbers(100)
    gateway.kill()
    disk.read_only(True)
    devices.publish(broker, *(devices.probe(number) for number in range(100, 200)))
    gateway.start(ready=False)
    assert gateway.process.wait() == 74 and gateway.process.said(str(gateway.data)), gateway.process.err
    disk.read_only(False)
    gateway.start()
    receiver.wait_numbers(200)
    Ledger(receiver.arrivals).check(200)


def test_read_only_while_it_runs(stage):
    """As a kernel does it to a file system with errors; mount(8) cannot as long as files are open for writing."""
    obstacle = Obstacle(stage.folder)
    broker, receiver = stage.broker(debug=True), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()], environment=obstacle.environment)
    flood = stage.flood(broker, 1000, rate=RATE)
    receiver.wait_numbers(100)
    obstacle.set("readonly")
    check_refuses(broker, gateway)
    obstacle.clear()
    flood.finish()
    check_goes_on(gateway)
    receiver.wait_numbers(1000)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(1000)
