"""What the gateway finds around it may be bad: it says so, loses nothing, and goes on where it can."""
import hashlib
import socket
import sqlite3

from stage import devices
from stage.accounts import Ledger
from stage.waiting import until


def test_api_port_in_use_is_told_and_telemetry_goes_on(stage):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()], start=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", gateway.port))
        other.listen()
        gateway.start(ready=False)
        gateway.process.wait_said(str(gateway.port))
        until(lambda: any("sluice-test" in line for line in broker.process.err), "the gateway is at the broker")
        until(lambda: gateway.process.said("subscribed"), "the gateway is subscribed")
        devices.publish(broker, devices.probe(1))
        receiver.wait_numbers(1)


def test_data_dir_that_cannot_be_written(stage):
    gateway = stage.gateway(stage.broker(), start=False)
    gateway.data.write_text("a file is in the way")
    answer = gateway.command("run")
    assert answer.returncode in (74, 78) and str(gateway.data) in answer.stderr
    assert gateway.data.read_text() == "a file is in the way"


def test_data_dir_held_by_another_instance(stage):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()])
    answer = gateway.command("run")
    assert answer.returncode in (74, 78) and str(gateway.process.pid) in answer.stderr
    devices.publish(broker, devices.probe(1))
    receiver.wait_numbers(1)


def test_database_of_a_newer_version_is_refused_and_untouched(stage):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, devices.probe(1))
    gateway.wait_drained()
    assert gateway.stop() == 0
    file = gateway.data / "sluice.db"
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA user_version = 1000000")
    database.close()

    def state():
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in gateway.data.glob("sluice.db*")}

    before = state()
    answer = gateway.command("run")
    assert answer.returncode in (74, 78) and "newer" in answer.stderr and str(file) in answer.stderr
    assert state() == before


def test_broker_that_is_not_there_at_the_start(stage):
    broker, receiver = stage.broker(start=False), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()], start=False).start(ready=False)
    gateway.process.wait_said(str(broker.port))
    until(lambda: gateway.get("/healthz")[0] == 200, "the gateway runs")
    assert gateway.get("/readyz")[0] == 503
    assert not gateway.status()["local_broker"]["connected"]
    broker.start()
    gateway.wait_ready()
    devices.publish(broker, *(devices.probe(number) for number in range(10)))
    receiver.wait_numbers(10)
    Ledger(receiver.arrivals).check(10)
