"""The webhook is down for 20 s in every way there is, while 500 messages a second come in: nothing is lost, each device's
records keep their order, and none has two ids."""
from stage.accounts import Ledger, Watch
from stage.receiver import Answer, accept, always
from stage.waiting import holds_for

RATE, SECONDS = 500, 40


def test_webhook_down_for_20_seconds_at_500_a_second(stage):
    broker, receiver = stage.broker(), stage.receiver(keep_events=False)
    front = stage.front(receiver)
    gateway = stage.gateway(broker, [front.cloud()])
    with Watch(gateway) as watch:
        flood = stage.flood(broker, RATE * SECONDS, rate=RATE)
        receiver.wait_numbers(5 * RATE)
        receiver.answer = always(503)
        holds_for(gateway.process.alive, 7, "the gateway lives while the webhook says 503")
        front.stop()
        holds_for(gateway.process.alive, 7, "the gateway lives while nobody listens")
        receiver.answer = lambda _request: Answer(cut=True)
        front.start()
        holds_for(gateway.process.alive, 6, "the gateway lives while requests are taken and never answered")
        receiver.answer = accept
        assert flood.finish()["acknowledged"] == RATE * SECONDS
        receiver.wait_numbers(RATE * SECONDS, within=180)
        status = gateway.wait_drained()
    Ledger(receiver.arrivals).check(RATE * SECONDS)
    assert watch.backlog_most > 5 * RATE, "the outage was never felt"
    assert status["clouds"][0]["delivered"] == RATE * SECONDS
