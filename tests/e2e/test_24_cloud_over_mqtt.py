"""A cloud over MQTT: versions, logins, certificates, formats."""
import json
import socket
import ssl
import threading

import pytest
from stage import devices
from stage.accounts import Ledger
from stage.waiting import until

SENSOR = ("tele/kitchen/SENSOR", '{"Time":"2026-03-01T10:00:00","DS18B20":{"Temperature":21.5},"TempUnit":"C"}')


def cloud(broker, authority=None, **more):
    tls = {"tls": {"ca_file": str(authority.file)}} if authority else {}
    return {"name": "far", "type": "mqtt", "url": broker.url, **tls, **more}


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_over_tls_with_a_login(stage, protocol):
    passwords = stage.folder / "passwords"
    passwords.write_text("home:a-right-password\n")
    stage.run("mosquitto_passwd", "-U", passwords)
    far = stage.broker(tls=stage.authority.server("far"), settings=["allow_anonymous false", f"password_file {passwords}"])
    there = stage.far_side(far, ca_file=stage.authority.file, login=("home", "a-right-password"))
    local = stage.broker()
    gateway = stage.gateway(local, [cloud(far, stage.authority, protocol=protocol, username="home", password="a-right-password")])
    devices.publish(local, *[devices.probe(number, f"d{number % 3}") for number in range(300)])
    there.wait_numbers(300)
    gateway.wait_drained("far")
    Ledger(there.arrivals).check(300)
    assert gateway.cloud("far")["state"] == "up"


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_with_a_client_certificate(stage, protocol):
    authority = stage.authority
    far = stage.broker(tls=authority.server("far"), settings=[f"cafile {authority.file}", "require_certificate true",
                                                            "use_identity_as_username true"])
    there = stage.far_side(far, ca_file=authority.file, certificate=authority.client("reader"))
    certificate, key = authority.client("home")
    local = stage.broker()
    entry = cloud(far, authority, protocol=protocol)
    entry["tls"].update(cert_file=str(certificate), key_file=str(key))
    stage.gateway(local, [entry])
    devices.publish(local, devices.probe(1))
    there.wait_numbers(1)


class Listener:
    """Shakes hands, notes what was asked for, and closes."""

    def __init__(self, certificate):
        self.names, self.protocols = [], []
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(*certificate)
        self._tls.set_alpn_protocols(["x-amzn-mqtt-ca"])
        self._tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                plain, _ = self._listener.accept()
                with self._tls.wrap_socket(plain, server_side=True) as peer:
                    self.protocols.append(peer.selected_alpn_protocol())
            except ssl.SSLError:
                continue
            except OSError:
                return

    def end(self):
        self._listener.close()


def test_asks_for_name_and_protocol(stage):
    authority = stage.authority
    listener = stage.keep(Listener(authority.server("far", "other.example")))
    entry = {"name": "far", "type": "mqtt", "url": f"mqtts://localhost:{listener.port}", "alpn": "x-amzn-mqtt-ca",
             "tls": {"ca_file": str(authority.file), "server_name": "other.example"}}
    stage.gateway(stage.broker(), [entry])
    until(lambda: listener.protocols, "a handshake is done")
    assert listener.names[0] == "other.example" and listener.protocols[0] == "x-amzn-mqtt-ca"


def test_cloudevents_in_binary_mode(stage):
    far, local = stage.broker(), stage.broker()
    there = stage.far_side(far)
    stage.gateway(local, [cloud(far, uplink={"topic": "homes/{gateway}/{family}/{name}/{kind}"})])
    devices.publish(local, SENSOR)
    message = there.wait_message(lambda each: each.topic == "homes/test/tasmota/kitchen/reading")
    assert message.content_type == "application/json" and message.qos == 1
    assert message.user["specversion"] == "1.0" and message.user["source"] == "/sluice/test"
    assert message.user["type"] == "sluice.reading.v1" and message.user["subject"] == "tasmota/kitchen"
    assert message.user["dataschema"] == "urn:sluice:schema:tasmota/sensor" and message.user["time"] == "2026-03-01T09:00:00Z"
    assert 0 < message.expiry <= 30 * 86400
    assert json.loads(message.payload)["readings"] == {"ds18b20.temperature": {"value": 21.5, "unit": "Cel"}}


def test_cloudevents_are_structured_over_3_1_1(stage):
    far, local = stage.broker(), stage.broker()
    there = stage.far_side(far)
    stage.gateway(local, [cloud(far, protocol="3.1.1")])
    devices.publish(local, SENSOR)
    event = json.loads(there.wait_message(lambda each: b"ds18b20" in each.payload).payload)
    assert event["specversion"] == "1.0" and event["data"]["device"] == "tasmota/kitchen"


def test_data_alone(stage):
    far, local = stage.broker(), stage.broker()
    there = stage.far_side(far)
    stage.gateway(local, [cloud(far, uplink={"format": "data", "qos": 0})])
    devices.publish(local, SENSOR)
    message = there.wait_message(lambda each: b"ds18b20" in each.payload)
    assert json.loads(message.payload)["schema"] == "tasmota/sensor"


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
def test_originals_are_untouched(stage, protocol):
    far, local = stage.broker(), stage.broker()
    there = stage.far_side(far)
    stage.gateway(local, [cloud(far, protocol=protocol, uplink={"format": "original", "topic": "mirror/{gateway}/{topic}"})],
                  schemas={"unmatched": "raw"})
    payloads = [b"\0\xff\xfe not text", b"", b'{ "a" : 1.0 }', b"21,5"]
    devices.publish(local, *[(f"odd/{place}", payload) for place, payload in enumerate(payloads)])
    for place, payload in enumerate(payloads):
        message = there.wait_message(lambda each, place=place: each.topic == f"mirror/test/odd/{place}")
        assert message.payload == payload


def test_what_is_too_large_for_the_broker_is_set_aside(stage):
    far, local = stage.broker(settings=["max_packet_size 2000"]), stage.broker()
    there = stage.far_side(far)
    gateway = stage.gateway(local, [cloud(far)], schemas={"unmatched": "raw"})
    devices.publish(local, ("big", "x" * 5000), devices.probe(1))
    there.wait_numbers(1)
    gateway.wait_drained("far")
    assert gateway.cloud("far")["rejected"] == 1
    assert "2000" in gateway.quarantine()[0]["reason"] or "more than this cloud takes" in gateway.quarantine()[0]["reason"]
