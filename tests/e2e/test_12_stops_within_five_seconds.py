"""SIGTERM ends the gateway within 5 s, whatever hangs, with nothing lost."""
import contextlib
import socket

import pytest
from stage import devices
from stage.accounts import Ledger
from stage.obstacle import Obstacle
from stage.ports import free_port
from stage.waiting import until

WITHIN = 5


def stop(gateway):
    assert gateway.stop(within=WITHIN) == 0, gateway.process.err[-5:]


def test_under_load_nothing_is_lost_and_nothing_comes_twice(stage):
    count = 10_000
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()])
    flood = stage.flood(broker, count, rate=1000)
    for _ in range(5):
        receiver.wait_numbers(len(receiver.numbers) + 500)
        stop(gateway)
        gateway.start()
    assert flood.running(), "the last stop came after the last message"
    flood.finish()
    receiver.wait_numbers(count)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(count)


@contextlib.contextmanager
def full_listener():
    """A port whose connections are never taken: whoever connects to it hangs."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", free_port()))
        listener.listen(0)
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextlib.contextmanager
def silent_listener():
    """A port that takes connections and never says a word: a TLS handshake with it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
        listener.listen(16)
        yield listener.getsockname()[1]


def webhook(url):
    return {"name": "hooks", "type": "webhook", "url": url}


@pytest.mark.parametrize("hang", [full_listener, silent_listener])
def test_while_a_connection_to_the_cloud_hangs(stage, hang):
    broker = stage.broker()
    with hang() as port:
        gateway = stage.gateway(broker, [webhook(f"https://localhost:{port}/")])
        check_stop_loses_nothing(stage, gateway, broker)


def test_while_the_lookup_of_the_cloud_hangs(stage):
    broker = stage.broker()
    gateway = stage.gateway(broker, [webhook("https://cloud.hangs/")], environment=Obstacle(stage.folder).environment)
    check_stop_loses_nothing(stage, gateway, broker)


def check_stop_loses_nothing(stage, gateway, broker):
    devices.publish(broker, *(devices.probe(number) for number in range(100)))
    gateway.wait_status(lambda status: status["stored"] == 100, "all are stored")
    stop(gateway)
    receiver = stage.receiver()
    gateway.config["clouds"] = [receiver.cloud()]
    gateway.write_config()
    gateway.start()
    receiver.wait_numbers(100)
    Ledger(receiver.arrivals).check(100)


@pytest.mark.parametrize("hang", [full_listener, silent_listener])
def test_while_a_connection_to_the_broker_hangs(stage, hang):
    with hang() as port:
        gateway = stage.gateway(stage.broker(start=False, port=port), start=False).start(ready=False)
        until(lambda: gateway.get("/healthz")[0] == 200, "the gateway runs")
        stop(gateway)


def test_while_the_lookup_of_the_broker_hangs(stage):
    gateway = stage.gateway(stage.broker(start=False), start=False, environment=Obstacle(stage.folder).environment,
                            local_broker={"url": "mqtt://broker.hangs"}).start(ready=False)
    until(lambda: gateway.get("/healthz")[0] == 200, "the gateway runs")
    stop(gateway)


@pytest.mark.parametrize("commands", [0, 1, 12])
def test_while_the_disk_hangs(stage, commands):
    broker, plug = stage.broker(), None
    plug = stage.plug(broker, "kitchen")
    obstacle = Obstacle(stage.folder)
    gateway = stage.gateway(broker, commands={"allow": [{"from": "api", "device": "tasmota/*", "commands": ["power"]}]}, environment=obstacle.environment)
    gateway.wait_device("tasmota/kitchen", presence="online")
    obstacle.set("hang")
    for number in range(commands):
        stage.later(lambda number=number: gateway.post("/api/v1/devices/tasmota/kitchen/commands/power", {"state": "ON"}, {"Idempotency-Key": f"k{number}"}))
    if not commands:
        plug.push_button(True)
    obstacle.wait_reached()
    stop(gateway)
    assert plug.count() == 0
