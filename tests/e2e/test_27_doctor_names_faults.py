"""Twelve faults of a cloud over MQTT, each named by `doctor` and by `status`; and what doctor says of the local broker."""
import pytest
from stage import devices
from stage.faulty_far import NAMES, faults


def lines(done, connection):
    return [line for line in done.stdout.splitlines() if line.split()[1:2] == [connection]]


@pytest.mark.parametrize("name", NAMES)
def test_fault_is_named(stage, name):
    fault = faults(stage)[name]()
    broker = stage.broker()
    gateway = stage.gateway(broker, [{"name": "far", "type": "mqtt", **fault.cloud}], start=False)

    done = gateway.command("doctor")
    failed = [line for line in lines(done, "far") if line.startswith("FAIL")]
    assert done.returncode == 69 and len(failed) == 1, done.stdout + done.stderr
    assert fault.step in failed[0] and any(word in failed[0] for word in fault.words), failed

    gateway.start()
    devices.publish(broker, devices.probe(1))

    def told(status):
        error = status["clouds"][0]["last_error"]
        return status["clouds"][0]["state"] != "up" and error and any(word in error["text"] for word in fault.words)
    gateway.wait_status(told, f"the status names it: {fault.words}", 90)
    shown = done.stdout + done.stderr + "\n".join(gateway.process.err) + gateway.get("/api/v1/status")[2]
    assert "a-secret-that-is-wrong" not in shown

    beside = gateway.command("doctor")  # with the gateway running
    assert beside.returncode == 69 and "the running gateway says" in beside.stdout, beside.stdout


def test_all_well(stage):
    broker, far, receiver = stage.broker(), stage.broker(tls=stage.authority.server("far")), stage.receiver()
    cloud = {"name": "far", "type": "mqtt", "url": far.url, "tls": {"ca_file": str(stage.authority.file)}}
    gateway = stage.gateway(broker, [cloud, receiver.cloud()], start=False)
    done = gateway.command("doctor")
    assert done.returncode == 0 and "FAIL" not in done.stdout, done.stdout
    assert "kept all of 1501" in done.stdout, "the shipped settings of mosquitto keep everything"
    assert any(event["type"] == "sluice.notice.v1" and event["data"]["notice"] == "doctor" for event in receiver.events)
    gateway.start()
    again = gateway.command("doctor")
    assert again.returncode == 0 and "the running gateway says: up since" in again.stdout, again.stdout
    assert gateway.cloud("far")["state"] == "up", "doctor must not throw the gateway out"


def test_a_stock_broker_gets_hints(stage):
    broker = stage.broker(settings=["upgrade_outgoing_qos false", "max_queued_messages 1000"])
    done = stage.gateway(broker, start=False).command("doctor")
    assert done.returncode == 0 and done.stdout.count("hint  local_broker") == 2, done.stdout
    assert "upgrade_outgoing_qos true" in done.stdout and "max_queued_messages" in done.stdout


def test_a_webhook_that_refuses_is_named(stage):
    from stage.receiver import always
    broker, receiver = stage.broker(), stage.receiver()
    receiver.answer = always(401)
    gateway = stage.gateway(broker, [{**receiver.cloud(), "auth": {"bearer": "a-very-secret-token"}}], start=False)
    done = gateway.command("doctor")
    assert done.returncode == 69 and "401" in done.stdout and "a-very-secret-token" not in done.stdout + done.stderr


def test_a_wrong_configuration_is_a_matter_for_check(stage):
    gateway = stage.gateway(stage.broker(), [{"name": "far", "type": "mqtt"}], start=False)
    done = gateway.command("doctor")
    assert done.returncode == 78 and "url" in done.stderr
