"""The broker is stopped and started under load, with the persistence that Sluice ships: what it acknowledged to a device
arrives. (A device that sends again what was not acknowledged may be heard twice: that is MQTT.)"""
from stage.accounts import Ledger, Watch


def test_broker_stopped_and_started_under_load(stage):
    count = 10_000
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()])
    with Watch(gateway):
        flood = stage.flood(broker, count, rate=1000)
        for restart in range(3):
            receiver.wait_numbers(1500 * (restart + 1))
            broker.stop()
            gateway.wait_status(lambda status: not status["local_broker"]["connected"], "the gateway notices")
            broker.start()
        assert flood.running(), "the last restart came after the last message"
        assert flood.finish()["acknowledged"] == count
        receiver.wait_numbers(count)
        status = gateway.wait_drained()
    assert not Ledger(receiver.arrivals).lost(count)
    assert status["local_broker"]["session_lost_total"] == 0
