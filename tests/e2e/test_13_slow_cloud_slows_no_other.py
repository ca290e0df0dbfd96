"""Clouds go each at their own pace: one that hangs, one that fails and one that refuses slow no other."""
import threading

from stage.accounts import Ledger, Watch
from stage.receiver import Answer, accept, always


def test_hanging_and_failing_clouds_beside_a_good_one(stage):
    count = 10_000
    broker = stage.broker()
    good, hanging, failing, refusing = (stage.receiver(keep_events=False) for _ in range(4))
    go_on = threading.Event()

    def hang(_request):
        go_on.wait()
        return Answer()

    hanging.answer, failing.answer, refusing.answer = hang, always(503), always(403)
    gateway = stage.gateway(broker, [good.cloud("good"), hanging.cloud("hanging"), failing.cloud("failing"), refusing.cloud("refusing")])
    with Watch(gateway):
        stage.flood(broker, count, rate=2000).finish()
        good.wait_numbers(count)
        status = gateway.status()
        states = {cloud["name"]: (cloud["state"], cloud["backlog"]["records"]) for cloud in status["clouds"]}
        assert states["hanging"][1] == states["failing"][1] == states["refusing"][1] == count
        assert states["failing"][0] == "down" and states["refusing"][0] == "paused"
        failing.answer = accept
        go_on.set()
        hanging.wait_numbers(count)
        failing.wait_numbers(count)
        gateway.wait_drained("hanging")
        gateway.wait_drained("failing")
    for receiver in (good, hanging, failing):
        Ledger(receiver.arrivals).check(count)
    assert not refusing.arrivals and gateway.cloud("refusing")["rejected"] == 0, "a paused cloud drops nothing"
