"""Declarations are read where a study is planned, which must load no library that only jobs need."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "sklearn", "scipy", "matplotlib", "datasets")


def test_reading_declarations_loads_nothing_heavy() -> None:
    code = (
        "import sys; from keepfaith.plugins.method import METHODS; "
        "from keepfaith.plugins.operator import OPERATORS; "
        "assert len(METHODS.all()) >= 5 and len(OPERATORS.all()) >= 2; "
        f"loaded = set({HEAVY!r}).intersection(sys.modules); assert not loaded, loaded"
    )
    path = {"PYTHONPATH": ":".join(p for p in sys.path if p)}
    subprocess.run([sys.executable, "-c", code], check=True, env=path)
