"""A benchmark as `python benchmarks/NAME.py` starts it, for many of them: what takes longest is imported once."""

import runpy
import sys
from pathlib import Path

from forked import serve
from job_server import import_what_takes_longest


def run(script: str, *arguments: str) -> None:
    """Run a script with the words of its command line."""
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    import_what_takes_longest()
    serve(run)
