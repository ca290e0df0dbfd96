"""Far brokers with one fault each, and what `doctor` and `status` are to say of it."""
import contextlib
import datetime
import subprocess
from typing import NamedTuple

import paho.mqtt.client as paho

from .certificates import Authority
from .ports import free_port
from .silent_broker import SilentBroker


class Fault(NamedTuple):
    cloud: dict  # its entry in the configuration, beside name and type
    words: tuple  # one of them stands in what is said
    step: str  # of doctor


class OldBroker(SilentBroker):
    """Refuses MQTT 5 as MQTT 5 section 3.2.2.2 says, 0x84."""

    def _send(self, head, body):
        if head == 0x20:
            body = b"\0\x84\0"
        super()._send(head, body)


class Rival:
    """Another client with the same id, which comes back each time it is thrown out."""

    def __init__(self, broker, client_id, ca_file):
        self.client = paho.Client(client_id=client_id, protocol=paho.MQTTv5)
        self.client.tls_set(str(ca_file))
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("localhost", broker.port)
        self.client.loop_start()

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()


def dated(authority, name, begin, end):
    """A server certificate valid from `begin` to `end`, in days from now."""
    with contextlib.suppress(FileNotFoundError):
        (authority.folder / "index.txt").unlink()
    (authority.folder / "index.txt").write_text("")
    (authority.folder / "serial").write_text("1000\n")
    (authority.folder / "dated.cnf").write_text(
        "[ca]\ndefault_ca=d\n[d]\ndir=.\nnew_certs_dir=.\ndatabase=index.txt\nserial=serial\ndefault_md=sha256\npolicy=p\n"
        "x509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost\n")
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=authority.folder, check=True, capture_output=True)
    def day(days):
        return (datetime.datetime.utcnow() + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-keyout",
            f"{name}.key", "-out", f"{name}.csr")
    openssl("ca", "-batch", "-config", "dated.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-in", f"{name}.csr", "-out",
            f"{name}.crt", "-startdate", day(begin), "-enddate", day(end), "-notext")
    return authority.folder / f"{name}.crt", authority.folder / f"{name}.key"


def faults(stage):
    """Name of the fault → a function that sets it up and answers a Fault."""
    authority = stage.authority
    trusted = {"tls": {"ca_file": str(authority.file)}}

    def server(certificate=None, settings=()):
        return stage.broker(tls=certificate or authority.server("far"), settings=settings)

    def at(broker, **more):
        return {"url": broker.url, **trusted, **more}

    def stranger():
        foreign = Authority(stage.folder / "foreign")
        return Fault(at(server(foreign.server("far"))), ("authority is not known",), "TLS")

    def wrong_key():
        certificate, _ = authority.client("one")
        _, key = authority.client("other")
        cloud = at(server())
        cloud["tls"] = {**cloud["tls"], "cert_file": str(certificate), "key_file": str(key)}
        return Fault(cloud, ("tls.key_file",), "TLS files")

    def bad_password():
        passwords = stage.folder / "passwords"
        passwords.write_text("home:right\n")
        stage.run("mosquitto_passwd", "-U", passwords)
        broker = server(settings=["allow_anonymous false", f"password_file {passwords}"])
        return Fault(at(broker, username="home", password="a-secret-that-is-wrong"), ("username and password",), "CONNECT")

    def no_permission():
        rules = stage.folder / "rules"
        rules.write_text("topic read #\n")
        return Fault(at(server(settings=[f"acl_file {rules}"])), ("not authorised to publish",), "PUBLISH")

    def taken_over():
        broker = server()
        stage.keep(Rival(broker, "the-same-id", authority.file))
        return Fault(at(broker, client_id="the-same-id"), ("another client",), "client id")

    def old_protocol():
        broker = stage.keep(OldBroker())
        broker.answer()
        return Fault({"url": broker.url}, ("protocol: 3.1.1",), "CONNECT")

    return {
        "name unknown": lambda: Fault({"url": "mqtts://no-such-name.invalid:8883"}, ("no-such-name.invalid", "name"), "name"),
        "port closed": lambda: Fault({"url": f"mqtts://localhost:{free_port()}"}, ("refused",), "TCP"),
        "not TLS": lambda: Fault({"url": f"mqtts://localhost:{stage.broker().port}", **trusted}, ("one for TLS",), "TLS"),
        "unknown CA": stranger,
        "wrong host name": lambda: Fault(at(server(authority.server("far", "elsewhere.example"))), ("it is not for 'localhost'",), "TLS"),
        "expired": lambda: Fault(at(server(dated(authority, "old", -9, -2))), ("expired",), "TLS"),
        "not yet valid": lambda: Fault(at(server(dated(authority, "new", 3, 9))), ("not yet valid",), "TLS"),
        "key does not match": wrong_key,
        "bad password": bad_password,
        "not authorised to publish": no_permission,
        "client id taken over": taken_over,
        "protocol refused": old_protocol,
    }


NAMES = ("name unknown", "port closed", "not TLS", "unknown CA", "wrong host name", "expired", "not yet valid", "key does not match",
         "bad password", "not authorised to publish", "client id taken over", "protocol refused")
