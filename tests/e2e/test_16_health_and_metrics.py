"""What operators see: health, readiness only after SUBACK, metrics that Prometheus can read, and who may look."""
import json
import re

from stage import devices
from stage.silent_broker import SilentBroker
from stage.waiting import holds_for, until

NAMES = {
    "sluice_messages_received_total", "sluice_messages_total", "sluice_records_stored_total", "sluice_records_delivered_total",
    "sluice_records_rejected_total", "sluice_records_skipped_total", "sluice_records_dropped_total",
    "sluice_messages_quarantined_total", "sluice_backlog_records", "sluice_backlog_bytes", "sluice_backlog_oldest_seconds",
    "sluice_commit_seconds", "sluice_delivery_seconds", "sluice_cloud_up", "sluice_local_broker_up", "sluice_build_info",
}
SAMPLE = re.compile(r'^([a-z_][a-z0-9_]*)(\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$')


def parse(text):
    """{name: type}, {name{labels}: value} by the rules of the text format: HELP and TYPE once, before their samples."""
    assert text.endswith("\n")
    types, samples, current = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, current, kind = line.split(" ")
            assert current not in types, f"{current} stands twice"
            types[current] = kind
            continue
        name, labels, value = SAMPLE.match(line).groups()
        base = re.sub("_(bucket|sum|count)$", "", name) if types[current] == "histogram" else name
        assert base == current, f"{line} stands under {current}"
        assert name + (labels or "") not in samples, f"{line} stands twice"
        samples[name + (labels or "")] = float(value)
    return types, samples


def test_ready_only_after_suback(stage):
    broker = stage.keep(SilentBroker())
    gateway = stage.gateway(broker, start=False).start(ready=False)
    until(broker.asked, "the gateway subscribes")
    assert gateway.get("/healthz")[0] == 200
    holds_for(lambda: gateway.get("/readyz")[0] == 503, 1, "ready before the SUBACK came")
    broker.answer()
    gateway.wait_ready()


def test_metrics_agree_with_the_status(stage):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, *(devices.probe(number) for number in range(25)), ("tele/kitchen/SENSOR", "nonsense"))
    devices.publish(broker, devices.probe(25), qos=0)
    receiver.wait_numbers(26)
    status = gateway.wait_drained()
    code, headers, text = gateway.get("/metrics")
    assert code == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    types, samples = parse(text)
    assert NAMES <= set(types), f"missing: {NAMES - set(types)}"
    for qos, count in status["messages"]["by_qos"].items():
        assert samples[f'sluice_messages_received_total{{qos="{qos}"}}'] == count
    for fate in ("understood", "ignored", "quarantined", "redelivered"):
        assert samples[f'sluice_messages_total{{fate="{fate}"}}'] == status["messages"][fate]
    assert samples["sluice_records_stored_total"] == status["stored"]
    assert samples['sluice_records_delivered_total{cloud="hooks"}'] == 26
    assert samples['sluice_messages_quarantined_total{schema="tasmota/sensor"}'] == 1
    assert samples['sluice_delivery_seconds_bucket{cloud="hooks",le="+Inf"}'] == samples['sluice_delivery_seconds_count{cloud="hooks"}'] == 26
    assert "probe/d0" not in text and "kitchen" not in text, "a topic or a device is a label"


def test_who_may_look(stage):
    gateway = stage.gateway(stage.broker(), api={"hosts": ["pi.local"]})
    assert gateway.get("/api/v1/status", {"Host": "pi.local"})[0] == 200
    code, headers, body = gateway.get("/api/v1/status", {"Host": "evil.example"})
    assert code in (403, 421) and headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["title"]
    assert gateway.get("/no/such/thing")[0] == 404
    assert gateway.get("/../../../../etc/passwd")[0] in (400, 404)


def test_status_command_shows_the_same(stage):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, devices.probe(1))
    gateway.wait_status(lambda status: status["clouds"][0]["delivered"] == 1, "delivered")
    shown = gateway.command("status", "--json")
    assert shown.returncode == 0 and json.loads(shown.stdout)["clouds"][0]["delivered"] == 1
    assert "hooks" in gateway.command("status").stdout
    gateway.stop()
    assert gateway.command("status").returncode == 69
