"""While the gateway is away the broker keeps everything for it, with the settings that Sluice ships: what devices publish
at QoS 0 too, and more than the thousand messages of a stock broker."""
import pytest
from stage.accounts import Ledger


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_published_while_the_gateway_is_away(stage, qos, end):
    count = 5000
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()])
    getattr(gateway, end)()
    stage.flood(broker, count, qos=qos, window=100).finish()
    gateway.start()
    receiver.wait_numbers(count)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(count)
