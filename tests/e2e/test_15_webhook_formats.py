"""What a webhook sees: every format, plain and compressed, signed and with the configured headers, answers obeyed."""
import base64
import hashlib
import hmac
import json
import time

import pytest
from stage import devices
from stage.accounts import Ledger
from stage.receiver import Answer, accept, always
from stage.waiting import until

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
TYPES = {"cloudevents_batch": "application/cloudevents-batch+json", "cloudevents": "application/cloudevents+json",
         "ndjson": "application/x-ndjson"}
COUNT = 20


def check_signature(request):
    headers = request.headers
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), request.body])
    mac = hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()
    assert "v1," + base64.b64encode(mac).decode() in headers["webhook-signature"].split()
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("format_", TYPES)
def test_format(stage, format_, compression):
    broker, receiver = stage.broker(), stage.receiver()
    cloud = stage.front(receiver).cloud(format=format_, compression=compression, signing_secret=SECRET,
                                        headers={"x-functions-key": "k1"}, auth={"bearer": "t1"})
    gateway = stage.gateway(broker, [cloud])
    devices.publish(broker, *(devices.probe(number) for number in range(COUNT)))
    receiver.wait_numbers(COUNT)
    Ledger(receiver.arrivals).check(COUNT)
    gateway.wait_drained()
    for request in receiver.requests:
        check_signature(request)
        assert request.headers["content-type"].split(";")[0] == TYPES[format_]
        assert request.headers.get("content-encoding", "none") == compression
        assert request.headers["authorization"] == "Bearer t1" and request.headers["x-functions-key"] == "k1"
        assert request.headers["user-agent"].startswith("sluice/") and request.headers["idempotency-key"]
        assert format_ != "cloudevents" or len(request.events) == 1


def test_a_retry_keeps_its_id_and_a_lost_answer_gives_no_second_name(stage):
    broker, receiver = stage.broker(), stage.receiver()
    answers = [Answer(cut=True), Answer(503, {"Retry-After": "1"})]
    receiver.answer = lambda request: answers.pop(0) if answers else accept(request)
    gateway = stage.gateway(broker, [receiver.cloud(signing_secret=SECRET)])
    devices.publish(broker, devices.probe(1))
    receiver.wait_numbers(1)
    until(lambda: len(receiver.requests) >= 3, "the third attempt")
    gateway.wait_drained()
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.headers["idempotency-key"] for request in receiver.requests}) == 1
    assert len({arrival.id for arrival in receiver.arrivals}) == 1 < len(receiver.arrivals)
    for request in receiver.requests:
        check_signature(request)


def test_retry_after_is_obeyed(stage):
    broker, receiver = stage.broker(), stage.receiver()
    receiver.answer = always(429, retry_after=3)
    stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, devices.probe(1))
    until(lambda: receiver.requests, "the first attempt")
    receiver.answer = accept
    receiver.wait_numbers(1)
    assert receiver.requests[1].at - receiver.requests[0].at >= 3


def test_too_large_a_batch_is_halved(stage):
    broker, receiver = stage.broker(), stage.receiver()
    receiver.answer = always(503, retry_after=1)
    gateway = stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, *(devices.probe(number) for number in range(100)))
    gateway.wait_status(lambda status: status["stored"] == 100, "all are stored")
    receiver.answer = lambda request: Answer(413) if len(request.events) > 10 else Answer()
    receiver.wait_numbers(100)
    Ledger(receiver.arrivals).check(100)
    assert gateway.wait_drained()["clouds"][0]["rejected"] == 0


def test_client_certificate(stage):
    broker, receiver = stage.broker(), stage.receiver()
    front = stage.front(receiver, clients=stage.authority)
    certificate, key = stage.authority.client("gateway")
    shown = front.cloud("shown", tls={"cert_file": str(certificate), "key_file": str(key)})
    gateway = stage.gateway(broker, [shown, front.cloud("hidden")])
    devices.publish(broker, devices.probe(1))
    status = gateway.wait_status(lambda status: [(cloud["delivered"], cloud["rejected"]) for cloud in status["clouds"]] == [(1, 0), (0, 1)],
                                 "nginx takes the one, and answers 400 to the other")
    assert len(receiver.arrivals) == 1
    assert "PRIVATE" not in json.dumps(status)


@pytest.mark.parametrize("wrong", ["authority", "host"])
def test_a_front_that_cannot_prove_its_name_gets_nothing(stage, wrong):
    broker, receiver = stage.broker(), stage.receiver()
    front = stage.front(receiver, host="localhost" if wrong == "authority" else "elsewhere.example")
    cloud = front.cloud()
    if wrong == "authority":
        del cloud["tls"]
    gateway = stage.gateway(broker, [cloud])
    devices.publish(broker, devices.probe(1))
    status = gateway.wait_status(lambda status: status["clouds"][0]["state"] == "paused", "the cloud is paused")
    assert status["clouds"][0]["backlog"]["records"] == 1 and not receiver.requests
