"""A window opens, the cloud sees it, and its command turns the heater off. How long that takes: tests/bench/circle.py."""
from stage.circle import Circle


def test_an_open_window_turns_the_heater_off(stage):
    circle = stage.keep(Circle(stage))
    circle.heater.state[0] = True
    for number in range(50):
        circle.turn(number, is_open=number % 2 == 0)
        assert circle.heater.state[0] is (number % 2 == 1)
    assert circle.heater.count() == 50
    counts = circle.gateway.status()["commands"]
    assert counts["succeeded"] == counts["accepted"] == counts["sent"] == 50
