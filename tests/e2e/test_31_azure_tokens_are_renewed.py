"""Azure IoT Hub: a token that lives two seconds is renewed sixty times under load, and nothing is lost over it."""
import json

from stage.accounts import Ledger
from stage.azure_hub import AzureHub
from stage.obstacle import Obstacle
from stage.receiver import Arrival
from stage.waiting import until

TOKENS = 60


def arrivals(hub):
    found = []
    for message in list(hub.telemetry):
        content = json.loads(message.payload)
        for event in content if isinstance(content, list) else [content]:
            number = event["data"].get("readings", {}).get("number", {}).get("value")
            found.append(Arrival(event["id"], event["data"]["device"], number, 0))
    return found


def test_sixty_tokens_under_load(stage):
    hub, broker = stage.keep(AzureHub(stage.authority)), stage.broker()
    gateway = stage.gateway(broker, [hub.cloud(stage.authority, token_life="2s")], environment=Obstacle.clock(synced=True))
    count = 20_000
    flood = stage.flood(broker, count, rate=160)
    until(lambda: len(hub.expiries) >= TOKENS, lambda: f"{TOKENS} tokens, there were {len(hub.expiries)}", 240)
    flood.finish(240)
    gateway.wait_drained("azure")
    assert hub.refused == 0 and not hub.mistakes
    Ledger(arrivals(hub)).check(count)
