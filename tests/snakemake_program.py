"""Snakemake as `python -m snakemake` starts it, for many runs: imported once.

Where the environment has a `JOB_SERVER`, it forks the jobs.
"""

import os
import sys
from pathlib import Path
from typing import Any

from forked import serve

CLIENT = Path(__file__).with_name("job_client.py")


def run(*arguments: str) -> None:
    """Snakemake's command line."""
    if "JOB_SERVER" in os.environ:
        PythonScript.execute_script = through_client
    sys.argv = [cli.__file__, *arguments]
    cli.main(sys.argv[1:])


def through_client(self: Any, fname: str, edit: bool = False) -> None:
    """Run a job's script as Snakemake does, by the shell, with the client in place of Python."""
    self._execute_cmd(
        "{python} -I -S {client:q} {fname:q}", python=sys.executable, client=str(CLIENT), fname=fname,
        is_python_script=True,
    )  # fmt: skip


if __name__ == "__main__":
    from snakemake import cli
    from snakemake.script import PythonScript

    assert "keepfaith" not in sys.modules  # each run takes the one of its copy of the workflow
    # What the rules import, and Snakemake when it runs.
    import nbformat  # noqa: F401
    import polars  # noqa: F401  # job_server.py says why its threads do no harm
    import pydantic_core  # noqa: F401
    import scipy.special  # noqa: F401
    import smart_open  # noqa: F401
    import snakemake.report.html_reporter  # noqa: F401
    import yte  # noqa: F401

    serve(run)
