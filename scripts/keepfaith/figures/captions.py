"""Captions for Snakemake's own report: one reStructuredText file per figure, written from the figures' own texts.

Run `python -m keepfaith.figures.captions rules/captions` after changing an explanation; a test catches drift.
"""

import sys
from pathlib import Path

from keepfaith.artifacts.atomic import write_text
from keepfaith.figures.registry import REGISTRY
from keepfaith.figures.summary.registry import SUMMARY_REGISTRY


def static_captions() -> dict[str, str]:
    """reStructuredText by `unit/<figure>` and, for the figures over the whole study, `study/<figure>`."""
    texts = {
        f"unit/{name}": (figure.TITLE, figure.EXPLANATION) for name, figure in REGISTRY.items()
    }
    texts |= {
        f"study/{name}": (figure.title, figure.explanation)
        for name, figure in SUMMARY_REGISTRY.items()
    }
    return {name: f"**{title}.** {explanation}\n" for name, (title, explanation) in texts.items()}


def write_captions(folder: Path) -> None:
    """Write every caption as `<name>.rst`. The workflow takes the names of the figures from these files."""
    for name, text in static_captions().items():
        write_text(Path(folder) / f"{name}.rst", text)


if __name__ == "__main__":
    write_captions(Path(sys.argv[1]))
