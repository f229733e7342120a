"""Captions for Snakemake's own report, which reads one file per figure as Jinja and reStructuredText.

The files are written when the workflow is read, from the declarations of the figures.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from keepfaith.artifacts.atomic import write_text
from keepfaith.plugins.cell_figure import CellFigure
from keepfaith.plugins.study_figure import StudyFigure

_PUNCTUATION = re.compile(r"([^\w\s]|_)")


def caption_text(title: str, explanation: str) -> str:
    """A caption in reStructuredText, with all special characters of the two texts escaped."""
    title, explanation = (_PUNCTUATION.sub(r"\\\1", text) for text in (title, explanation))
    return f"**{title}\\.** {explanation}\n"


def write_captions(figures: Mapping[str, CellFigure | StudyFigure], folder: Path) -> None:
    """Write the caption of every figure as `<name>.rst`; a file with the right content is not rewritten."""
    for name, figure in figures.items():
        path, text = (
            folder / f"{name}.rst",
            caption_text(figure.title, f"{figure.explanation} {figure.detail}".strip()),
        )
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_text(path, text)
