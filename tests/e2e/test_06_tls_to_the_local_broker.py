"""The local broker over TLS: a flood does not stall, and a broker that cannot prove its name is not spoken to."""
from stage import devices
from stage.accounts import Ledger, Watch
from stage.certificates import Authority
from stage.waiting import holds_for


def test_flood_over_tls_does_not_stall(stage):
    count = 100_000
    authority = stage.authority
    broker, receiver = stage.broker(tls=authority.server("broker")), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()], local_broker={"tls": {"ca_file": str(authority.file)}})
    with Watch(gateway):
        stage.flood(broker, count, ca_file=authority.file).finish()
        receiver.wait_numbers(count)
        devices.publish(broker, devices.probe(count), ca_file=authority.file)  # and one more, when all is quiet
        receiver.wait_numbers(count + 1)
        gateway.wait_drained()
    Ledger(receiver.arrivals).check(count + 1)


def test_waiting_flood_over_tls_does_not_stall(stage):
    count = 50_000
    authority = stage.authority
    broker, receiver = stage.broker(tls=authority.server("broker")), stage.receiver(keep_events=False)
    gateway = stage.gateway(broker, [receiver.cloud()], local_broker={"tls": {"ca_file": str(authority.file)}})
    gateway.stop()
    stage.flood(broker, count, ca_file=authority.file).finish()
    gateway.start()
    receiver.wait_numbers(count)
    gateway.wait_drained()
    Ledger(receiver.arrivals).check(count)


def test_broker_with_a_foreign_certificate_gets_nothing(stage):
    foreign = Authority(stage.folder / "foreign")
    broker = stage.broker(tls=foreign.server("broker"))
    gateway = stage.gateway(broker, start=False, local_broker={"tls": {"ca_file": str(stage.authority.file)}})
    gateway.start(ready=False)
    gateway.process.wait_said("certificate")
    holds_for(lambda: gateway.get("/readyz")[0] != 200, 1, "the gateway trusted a foreign certificate")
