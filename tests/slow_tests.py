"""The unit tests that `make test-fast` leaves out: files and functions below tests/unit, listed in slow_tests.txt."""

from pathlib import Path

LIST = Path(__file__).with_name("slow_tests.txt")


def slow_tests() -> frozenset[str]:
    """Their names: `folder/file.py` or `folder/file.py::function`."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
