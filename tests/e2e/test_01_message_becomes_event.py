"""A message that a device publishes becomes a documented event at an HTTPS webhook behind nginx: every format, every kind."""
import re
import uuid

import pytest
from stage import devices

METER = ("<msg><src>CC128-v1.29</src><dsb>00786</dsb><time>10:00:02</time><tmpr>19.3</tmpr><sensor>0</sensor><id>00077</id><type>1</type>"
         "<ch1><watts>00405</watts></ch1></msg>")
LOG = "time;temperature;pressure\n01.03.2026 09:50:00;7,4;1013,2\n01.03.2026 10:00:00;7,6;\n"

# topic, payload, and of each event: subject, type, schema, time or None, readings or presence
MESSAGES = {
    "json": ("tele/kitchen/SENSOR", '{"Time":"2026-03-01T10:00:00","DS18B20":{"Temperature":21.5},"TempUnit":"C"}', [
        ("tasmota/kitchen", "reading", "tasmota/sensor", "2026-03-01T09:00:00Z", {"ds18b20.temperature": {"value": 21.5, "unit": "Cel"}})]),
    "xml": ("currentcost/xml", METER, [
        ("currentcost/00077", "reading", "currentcost/reading", None,
         {"power.1": {"value": 405, "unit": "W"}, "temperature": {"value": 19.3, "unit": "Cel"}, "sensor": {"value": 0}})]),
    "csv": ("weatherstation/roof", LOG, [
        ("weatherstation/roof", "reading", "weatherstation/log", "2026-03-01T08:50:00Z",
         {"temperature": {"value": 7.4, "unit": "Cel"}, "pressure": {"value": 1013.2, "unit": "hPa"}}),
        ("weatherstation/roof", "reading", "weatherstation/log", "2026-03-01T09:00:00Z", {"temperature": {"value": 7.6, "unit": "Cel"}})]),
    "text": ("SunFounder MQTT Test", "button 3 is pressed", [
        ("button/sunfounder", "occurrence", "button/pressed", None, {"number": {"value": 3}})]),
    "bare value": ("Long-Home/Küche/Temperatur", "21,5 °C", [
        ("home/Long-Home/Küche", "reading", "home/number_comma", None, {"temperatur": {"value": 21.5, "unit": "Cel"}})]),
    "presence": ("tele/kitchen/LWT", "Offline", [("tasmota/kitchen", "presence", "tasmota/lwt", None, False)]),
    "presence in json": ("zigbee2mqtt/lamp/availability", '{"state":"online"}', [
        ("zigbee2mqtt/lamp", "presence", "zigbee2mqtt/availability", None, True)]),
}


def check_envelope(event, topic):
    assert event["specversion"] == "1.0" and event["source"] == "/sluice/test"
    assert uuid.UUID(event["id"]).version == 7
    assert event["datacontenttype"] == "application/json"
    assert event["dataschema"] == "urn:sluice:schema:" + event["data"]["schema"]
    assert event["data"]["device"] == event["subject"] and event["data"]["topic"] == topic
    assert event["data"]["retained"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["data"]["received_at"])


@pytest.mark.parametrize("name", MESSAGES)
def test_format(stage, name):
    topic, payload, expected = MESSAGES[name]
    broker, receiver = stage.broker(), stage.receiver()
    stage.gateway(broker, [stage.front(receiver).cloud()])
    devices.publish(broker, (topic, payload))
    receiver.wait_event(lambda _: len(receiver.events) == len(expected))
    for event, (subject, kind, schema, time, said) in zip(receiver.events, expected):
        check_envelope(event, topic)
        data = event["data"]
        assert (event["subject"], event["type"], data["schema"]) == (subject, f"sluice.{kind}.v1", schema)
        assert data["time_from"] == ("device" if time else "gateway")
        assert event["time"] == (time or data["received_at"])
        assert (data["online"] if kind == "presence" else data["readings"]) == said
    assert len({event["id"] for event in receiver.events}) == len(expected)


def test_unmatched_auto(stage):
    broker, receiver = stage.broker(), stage.receiver()
    stage.gateway(broker, [receiver.cloud()], schemas={"unmatched": "auto"})
    devices.publish(broker, ("some/thing", '{"a":{"b":1.5},"c":"on"}'), ("other", "42"), ("third", b"\xff\xfe"))
    receiver.wait_event(lambda _: len(receiver.events) == 3)
    thing, other, third = receiver.events
    assert thing["subject"] == "auto/some/thing" and thing["data"]["readings"] == {"a.b": {"value": 1.5}, "c": {"value": "on"}}
    assert other["data"]["readings"] == {"value": {"value": 42}}
    assert third["type"] == "sluice.raw.v1" and third["data"]["payload_base64"] == "//4="
