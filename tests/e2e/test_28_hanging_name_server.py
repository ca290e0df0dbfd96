"""One cloud's name server hangs: no other cloud notices."""
from stage import devices
from stage.accounts import Ledger
from stage.obstacle import Obstacle

COUNT = 5000


def test_another_cloud_goes_on(stage):
    far, broker = stage.broker(), stage.broker()
    there = stage.far_side(far)
    clouds = [{"name": "stuck", "type": "mqtt", "url": "mqtts://broker.hangs:8883"},
              {"name": "slow", "type": "mqtt", "url": "mqtts://broker.slow:8883"},
              {"name": "far", "type": "mqtt", "url": far.url}]
    gateway = stage.gateway(broker, clouds, environment=Obstacle(stage.folder).environment)
    stage.flood(broker, COUNT, rate=1000).finish()
    there.wait_numbers(COUNT)
    gateway.wait_drained("far")
    Ledger(there.arrivals).check(COUNT)
    waiting = gateway.cloud("stuck")
    assert waiting["state"] == "down" and waiting["backlog"]["records"] >= COUNT
    gateway.wait_status(lambda status: "name server" in (status["clouds"][0]["last_error"] or {}).get("text", ""), "it is told", 60)
    gateway.wait_status(lambda status: "resolved" in (status["clouds"][1]["last_error"] or {}).get("text", ""), "that too", 60)
    devices.publish(broker, devices.probe(COUNT))
    there.wait_numbers(COUNT + 1)
    assert gateway.stop(10) == 0, "it stops, whatever hangs"
