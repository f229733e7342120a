"""The command line that all benchmarks share."""

import argparse
from pathlib import Path

from setup import ROOT


def command(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has.

    Args:
        description: the script's docstring; its first line is shown.
    """
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument(
        "--small",
        action="store_true",
        help="tiny models, to test the script: the figures mean nothing",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="folder of the JSON file; default results/benchmarks, or its folder small with --small",
    )
    return parser


def folder_of(options: argparse.Namespace) -> Path:
    """Folder of the JSON file."""
    if options.folder:
        return Path(options.folder)
    folder = ROOT / "results" / "benchmarks"
    return folder / "small" if options.small else folder
