"""Both equations hold in every status, while messages are understood, ignored, quarantined and dropped, and survive a
restart."""
from stage import devices
from stage.accounts import Watch
from stage.receiver import accept, always


def test_equations_at_every_moment(stage):
    broker, receiver, picky = stage.broker(), stage.receiver(keep_events=False), stage.receiver(keep_events=False)
    receiver.answer = always(503)
    clouds = [receiver.cloud("down"), picky.cloud("picky", uplink={"only": {"devices": ["probe/d1", "home/*"]}})]
    gateway = stage.gateway(broker, clouds, buffer={"size_max": "4MiB"})
    with Watch(gateway, every=0.01) as watch:
        flood = stage.flood(broker, 20_000, rate=4000)
        while flood.running():
            devices.publish(broker, ("tele/kitchen/SENSOR", "nonsense"), ("cmnd/kitchen/POWER", "ON"))
        flood.finish()
        gateway.wait_status(lambda status: status["messages"]["understood"] == 20_000, "all are understood")
        gateway.wait_drained("picky")
        before = gateway.status()
        gateway.kill()
        gateway.start()
        receiver.answer = accept
        status = gateway.wait_drained("down")
        assert watch.polls > 100
    down, picky_cloud = status["clouds"]
    assert down["dropped"]["size"] > 0 and down["delivered"] > 0, "the buffer was never full"
    assert picky_cloud["delivered"] == len(picky.numbers) > 0 and picky_cloud["skipped"] > 0
    assert {arrival.device for arrival in picky.arrivals} == {"probe/d1"}
    assert status["messages"]["quarantined"] > 0
    for fate in ("understood", "quarantined"):
        assert status["messages"][fate] >= before["messages"][fate], "a restart forgot messages"
    assert down["dropped"]["size"] + down["delivered"] == down["stored"] == status["stored"]
