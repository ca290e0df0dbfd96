"""The cloud's broker goes, comes back, and hangs, while 100 000 records are on their way."""
import signal

import pytest
from stage.accounts import Ledger, Watch
from stage.ports import free_port
from stage.waiting import until

COUNT = 100_000


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_nothing_is_lost_and_order_is_kept(stage, protocol):
    authority = stage.authority
    plain = free_port()  # for whoever reads there
    passwords = stage.folder / "passwords"
    passwords.write_text("home:right\n")
    stage.run("mosquitto_passwd", "-U", passwords)
    settings = [f"cafile {authority.file}", "require_certificate true", "allow_anonymous false", f"password_file {passwords}",
                f"listener {plain} 127.0.0.1"]
    far, local = stage.broker(tls=authority.server("far"), settings=settings), stage.broker()
    there = stage.far_side(far, port=plain, login=("home", "right"), keep=False)
    certificate, key = authority.client("gateway")
    entry = {"name": "far", "type": "mqtt", "url": far.url, "protocol": protocol, "keep_alive": "5s", "username": "home",
             "password": "right", "tls": {"ca_file": str(authority.file), "cert_file": str(certificate), "key_file": str(key)}}
    gateway = stage.gateway(local, [entry])
    with Watch(gateway):
        flood = stage.flood(local, COUNT, rate=8000, devices=20)
        until(lambda: len(there.numbers) > COUNT // 10, "the first tenth is there")
        far.stop()  # with SIGTERM: what it took it keeps
        until(lambda: gateway.cloud("far")["state"] == "down", "the gateway notices")
        far.start()
        until(lambda: len(there.numbers) > COUNT // 3, "it goes on", 120)
        far.process.signal(signal.SIGSTOP)  # connections stay open, nothing is answered
        until(lambda: gateway.cloud("far")["state"] == "down", "the gateway notices", 120)
        far.process.signal(signal.SIGCONT)
        flood.finish()
        there.wait_numbers(COUNT)
        gateway.wait_drained("far")
    Ledger(there.arrivals).check(COUNT)
    assert gateway.cloud("far")["state"] == "up"
    assert gateway.cloud("far")["delivered"] >= COUNT
