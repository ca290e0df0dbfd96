"""What comes before the machine's clock is synced says so, and no longer once it is: also where the gateway was restarted meanwhile."""
from stage import devices
from stage.obstacle import Obstacle
from stage.receiver import accept, always
from stage.waiting import until


def test_marked_until_the_clock_is_synced(stage):
    broker, receiver = stage.broker(), stage.receiver()
    receiver.answer = always(503)
    gateway = stage.gateway(broker, [receiver.cloud()], environment=Obstacle.clock(synced=False))
    devices.publish(broker, ("tele/kitchen/SENSOR", '{"DS18B20":{"Temperature":21.5},"TempUnit":"C"}'))
    until(lambda: receiver.requests, "the cloud is asked")
    sent, = receiver.requests[0].events
    assert sent["data"]["clock"] == "unsynced"
    assert gateway.status()["gateway"]["clock"] == "unsynced"
    assert "clock: not synced" in gateway.command("status").stdout

    gateway.stop()
    gateway.environment |= Obstacle.clock(synced=True)
    gateway.start()
    gateway.process.wait_said("1 records that had come until then are mended")
    receiver.answer = accept
    event = receiver.wait_event(lambda event: event["type"] == "sluice.reading.v1")
    assert event["id"] == sent["id"] and "clock" not in event["data"]
    assert event["time"] == sent["time"] == sent["data"]["received_at"]
    assert "clock" not in gateway.status()["gateway"]
