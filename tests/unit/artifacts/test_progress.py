"""Progress is logged with the time left, and not too often."""

import logging

from keepfaith.artifacts.progress import Progress, duration


def test_reports_time_left_and_the_end(caplog):
    now = [0.0]
    with caplog.at_level(logging.INFO):
        progress = Progress(100, "rows", logging.getLogger("test"), every=10, clock=lambda: now[0])
        for second in range(1, 101):
            now[0] = float(second)
            progress.advance(1)
    assert len(caplog.messages) == 10
    assert caplog.messages[1] == "20 of 100 rows (20%), 20 s gone, 1 min 20 s left"
    assert caplog.messages[-1] == "100 of 100 rows (100%), 1 min 40 s gone, 0 s left"


def test_durations():
    assert [duration(s) for s in (0.4, 59, 61, 3600 * 2 + 300)] == [
        "0 s",
        "59 s",
        "1 min 01 s",
        "2 h 05 min",
    ]
    assert duration(float("nan")) == "unknown time"


def test_quiet_work_is_heard_of_only_when_it_takes_long(caplog):
    now = [0.0]
    with caplog.at_level(logging.INFO):
        settings = {"every": 10, "clock": lambda: now[0], "quiet": True}
        Progress(1, "rows", logging.getLogger("test"), **settings).advance(1)
        assert caplog.messages == []
        long = Progress(2, "rows", logging.getLogger("test"), **settings)
        now[0] = 11.0
        long.advance(1)
    assert caplog.messages == ["1 of 2 rows (50%), 11 s gone, 11 s left"]
