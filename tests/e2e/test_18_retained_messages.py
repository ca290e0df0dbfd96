"""Retained messages are marked as such, or ignored: as the configuration says. A live one is not marked."""
from stage import devices


def test_retained_is_marked_and_its_time_unknown(stage):
    broker, receiver = stage.broker(), stage.receiver()
    devices.publish(broker, devices.probe(1, "kept"), retain=True)
    stage.gateway(broker, [receiver.cloud()])
    kept = receiver.wait_event(lambda event: event["subject"] == "probe/kept")["data"]
    assert kept["retained"] is True and kept["time_from"] == "unknown"
    devices.publish(broker, devices.probe(2, "live"), retain=True)
    live = receiver.wait_event(lambda event: event["subject"] == "probe/live")["data"]
    assert live["retained"] is False and live["time_from"] == "gateway"


def test_retained_is_ignored(stage):
    broker, receiver = stage.broker(), stage.receiver()
    devices.publish(broker, devices.probe(1, "kept"), retain=True)
    stage.gateway(broker, [receiver.cloud()], local_broker={"retained": "ignore"})
    devices.publish(broker, devices.probe(2, "live"), retain=True)
    receiver.wait_event(lambda event: event["subject"] == "probe/live")
    assert not [event for event in receiver.events if event["subject"] == "probe/kept"]
