"""Snakemake as `python -m snakemake` starts it, without importing it anew for each run."""

import sys

from forked import serve


def run(*arguments: str) -> None:
    """Snakemake's command line."""
    sys.argv = [cli.__file__, *arguments]
    cli.main(sys.argv[1:])


if __name__ == "__main__":
    from snakemake import cli

    assert "keepfaith" not in sys.modules  # each run takes the one of its copy of the workflow
    serve(run)
