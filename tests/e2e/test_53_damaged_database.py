"""A gateway whose database is damaged starts all the same: it sets the file aside, delivers what could be saved, says
what could not, and does no harm to what comes then."""
import random

from stage import devices
from stage.accounts import Ledger
from stage.experiment import note_figures, rounds, seed
from stage.receiver import accept, always

COUNT = 2000
PAGE = 4096


def aside(gateway):
    return sorted(path for path in gateway.data.glob("sluice.db.damaged-*Z"))


def damage(gateway, dice, places):
    """So many pages, anywhere but in the first two, which hold what the tables are."""
    file = gateway.data / "sluice.db"
    content = bytearray(file.read_bytes())
    for _ in range(places):
        at = dice.randrange(2, len(content) // PAGE) * PAGE
        content[at:at + PAGE] = dice.randbytes(PAGE)
    file.write_bytes(content)


def backlog_of(stage, count):
    broker, receiver = stage.broker(), stage.receiver()
    receiver.answer = always(503)
    gateway = stage.gateway(broker, [receiver.cloud()])
    stage.flood(broker, count, rate=5000).finish()
    gateway.wait_status(lambda status: status["clouds"][0]["backlog"]["records"] >= count, "all are stored")
    assert gateway.stop() == 0  # so that all stands in the file, and not in its log
    gateway.start()
    return broker, receiver, gateway


def test_a_damaged_backlog(stage):
    seed_ = seed()
    dice = random.Random(seed_)
    broker, receiver, gateway = backlog_of(stage, COUNT)
    figures = {"damages": 0, "saved": 0, "lost": 0, "lost without a word": 0}
    for _ in range(rounds(2, 40)):
        before = gateway.cloud()
        gateway.kill()
        damage(gateway, dice, places=3)
        gateway.start()
        after = gateway.cloud()
        figures["damages"] += 1
        gateway.process.wait_said("was set aside as sluice.db.damaged-")
        lost = after["dropped"]["damage"] - before["dropped"]["damage"]
        if after["stored"] >= before["stored"]:  # the counters were saved
            waiting = before["backlog"]["records"] - lost
            assert after["backlog"]["records"] >= waiting, (before, after)
            figures["lost"] += lost
        figures["saved"] += after["backlog"]["records"]
        assert gateway.get("/healthz")[0] == 200
    receiver.answer = accept
    last = gateway.wait_drained()["clouds"][0]
    ledger = Ledger(receiver.arrivals)
    assert not ledger.under_two_ids() and not ledger.out_of_order()
    missing = len(ledger.lost(COUNT))
    if last["stored"] >= COUNT:
        assert missing <= last["dropped"]["damage"], "what is missing was counted"
    notice = receiver.wait_event(lambda event: event["data"].get("notice") == "database_damaged")
    assert "sluice.db.damaged-" in notice["data"]["text"]
    known = len(receiver.numbers)
    devices.publish(broker, devices.probe(COUNT + 1))
    receiver.wait_numbers(known + 1)
    assert gateway.stop() == 0
    gateway.start()
    assert not gateway.process.said("damaged ("), "started again: clean"
    note_figures("damaged database of a real gateway", "P1 P2 P3 P4", seed_, **figures)


def test_what_is_damaged_at_each_start_does_not_fill_the_disk(stage):
    _, _, gateway = backlog_of(stage, 200)
    gateway.kill()
    for start in range(1, 1 + rounds(5, 20)):
        content = (gateway.data / "sluice.db").read_bytes()
        (gateway.data / "sluice.db").write_bytes(b"x" * PAGE + content[PAGE:])
        (gateway.data / "sluice.db-wal").write_bytes(b"")
        gateway.start(ready=False)
        gateway.process.wait_said("starts as 'test'")
        gateway.kill()
        assert len(aside(gateway)) == min(start, 3)
    assert gateway.process.said("removed sluice.db.damaged-")


def test_damage_that_is_met_while_running(stage):
    _, receiver, gateway = backlog_of(stage, COUNT)
    size = (gateway.data / "sluice.db").stat().st_size
    waiting = gateway.cloud()["backlog"]["records"]
    with open(gateway.data / "sluice.db", "r+b") as file:
        for page in range(40, size // PAGE // 2, 10):
            file.seek(page * PAGE)
            file.write(b"\0" * PAGE)
    receiver.answer = accept
    assert gateway.process.wait() == 74
    assert gateway.process.said("the gateway ends, and its next start")
    gateway.start()
    status = gateway.wait_drained()["clouds"][0]
    assert 0 < status["dropped"]["damage"] < waiting
    assert len(aside(gateway)) == 1
    assert not Ledger(receiver.arrivals).under_two_ids()
