"""A broker that lost the gateway's session is noticed, counted, and told to the clouds. A first connection is no loss."""
from stage import devices


def test_broker_that_forgot_everything(stage):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, devices.probe(1))
    receiver.wait_numbers(1)
    assert gateway.status()["local_broker"]["session_lost_total"] == 0
    broker.stop()
    (broker.folder / "mosquitto.db").unlink()
    broker.start()
    gateway.wait_status(lambda status: status["local_broker"]["session_lost_total"] == 1, "the loss is counted")
    notice = receiver.wait_event(lambda event: event["type"] == "sluice.notice.v1")
    assert "session" in str(notice["data"])
    assert gateway.process.said("session")
    devices.publish(broker, devices.probe(2))
    receiver.wait_numbers(2)


def test_restart_of_the_gateway_is_no_loss(stage):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, devices.probe(1))
    receiver.wait_numbers(1)
    gateway.stop()
    gateway.start()
    assert gateway.status()["local_broker"]["session_lost_total"] == 0
