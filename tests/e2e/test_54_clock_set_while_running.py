"""The calendar is set back and forth while the gateway runs: ids stay unique, order is kept, and no limit by age drops what waits."""
import random
import time

from stage import devices, experiment
from stage.accounts import Ledger
from stage.obstacle import Calendar
from stage.receiver import accept, always
from stage.waiting import until

DAY = 24 * 3600
SETTINGS = [0, 2 * DAY, -DAY, 40 * DAY, -365 * DAY, 3600, -3600, -30 * 365 * DAY, 90]
EACH = 40
# Limits by age rest for the first minute of a process: only the long run sees that they would have acted.
AGE_MAX = experiment.rounds("1h", "1m")


def publish(broker, numbers):
    devices.publish(broker, *(devices.probe(number, f"d{number % 3}") for number in numbers))


def test_back_and_forth(stage):
    seed = experiment.seed()
    settings = SETTINGS * experiment.rounds(1, 5)
    random.Random(seed).shuffle(settings)
    calendar, broker, receiver = Calendar(stage.folder), stage.broker(), stage.receiver()
    receiver.answer = always(503, retry_after=1)
    age = {"age_max": AGE_MAX}
    gateway = stage.gateway(broker, [receiver.cloud()], environment=calendar.environment, buffer=age, quarantine=age)
    first = see_age_limits_act(gateway, broker) if AGE_MAX == "1m" else 0

    for round_, ahead in enumerate(settings):
        calendar.set(ahead)
        publish(broker, range(first + round_ * EACH, first + (round_ + 1) * EACH))
        devices.publish(broker, ("tele/kitchen/SENSOR", "nonsense"))
        until(lambda: gateway.status()["quarantine"]["records"] >= round_ + 1, "what cannot be read is set aside")
        time.sleep(0.2)
    time.sleep(1.2)  # housekeeping comes once a second

    count = len(settings) * EACH
    before = gateway.cloud()["dropped"]["age"]
    receiver.answer = accept
    receiver.wait_numbers(count)
    status = gateway.wait_drained()
    Ledger(receiver.arrivals).check(count, first)
    assert status["clouds"][0]["dropped"] == {"size": 0, "age": first, "damage": 0} and before == first
    assert status["quarantine"]["records"] == len(settings) and status["quarantine"]["dropped"] == 0
    experiment.note_figures("clock set while running", "P2 P3 P4", seed, settings=len(settings), messages=count, dropped=before - first,
                            under_two_ids=0)


def see_age_limits_act(gateway, broker):
    """On a calendar that runs as it should, what is too old goes. How many those were."""
    publish(broker, range(EACH))
    gateway.wait_status(lambda status: status["clouds"][0]["dropped"]["age"] == EACH, "age limits act", within=180)
    return EACH
