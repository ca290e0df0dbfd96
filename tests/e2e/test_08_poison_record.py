"""One record that the webhook cannot take, among 1000: the other 999 are delivered, that one goes to quarantine with what
the webhook said of it, and finding it costs few requests."""
import math

import pytest
from stage import devices
from stage.accounts import Ledger
from stage.receiver import Answer, always

COUNT, BATCH = 1000, 250
WORDS = "number is not welcome here"


def refuses(poison):
    def answer(request):
        numbers = [event["data"]["readings"]["number"]["value"] for event in request.events]
        return Answer(422, body=WORDS.encode()) if poison in numbers else Answer()
    return answer


@pytest.mark.parametrize("poison", [0, 617, COUNT - 1])
def test_poison_record_among_1000(stage, poison):
    broker, receiver = stage.broker(), stage.receiver()
    gateway = stage.gateway(broker, [receiver.cloud(batch={"count_max": BATCH})])
    receiver.answer = always(503, retry_after=1)
    devices.publish(broker, *(devices.probe(number) for number in range(COUNT)))
    gateway.wait_status(lambda status: status["stored"] == COUNT, "all are stored before the webhook takes any")
    receiver.answer = refuses(poison)
    status = gateway.wait_drained()

    ledger = Ledger(receiver.arrivals)
    assert ledger.lost(COUNT) == [poison]
    assert not ledger.under_two_ids() and not ledger.out_of_order() and ledger.repeats == 0
    cloud = status["clouds"][0]
    assert (cloud["delivered"], cloud["rejected"], cloud["state"]) == (COUNT - 1, 1, "up")

    [refused] = gateway.quarantine()
    assert WORDS in refused["reason"] and refused["cloud"] == "hooks"
    assert f'"value":{poison}' in refused["payload"].decode().replace(" ", "")

    needed = len([request for request in receiver.requests if request.status != 503])
    assert needed <= COUNT / BATCH + 2 * math.log2(BATCH), f"{needed} requests"


def test_wrong_address_does_not_quarantine_the_backlog(stage):
    """A webhook that refuses everything is a wrong address: after ten refusals the cloud is paused, the rest waits."""
    broker, receiver = stage.broker(), stage.receiver()
    receiver.answer = always(400)
    gateway = stage.gateway(broker, [receiver.cloud()])
    devices.publish(broker, *(devices.probe(number) for number in range(COUNT)))
    status = gateway.wait_status(lambda status: status["clouds"][0]["state"] == "paused", "the cloud is paused")
    assert status["clouds"][0]["rejected"] <= 10
