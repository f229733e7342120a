"""LaTeX and BibTeX read what is written for a paper, where they are installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

from keepfaith.paper.library import library

MISSING = [name for name in ("pdflatex", "bibtex") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not on this machine: {MISSING}")

PAGE = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\begin{document}
\nocite{*}
\bibliographystyle{plain}
\bibliography{references}
\end{document}
"""


def test_bibtex_reads_every_work(tmp_path: Path) -> None:
    works = library()
    text = "\n".join(work.entry() for work in works.values())
    (tmp_path / "references.bib").write_text(text, encoding="utf-8")
    (tmp_path / "page.tex").write_text(PAGE, encoding="utf-8")
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    for command in (latex, ["bibtex", "page"], latex):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]
    warnings = [
        line for line in (tmp_path / "page.blg").read_text().splitlines() if "Warning" in line
    ]
    # An article without a journal is a preprint; BibTeX knows no arXiv.
    assert [
        line for line in warnings if "empty journal" not in line and "empty publisher" not in line
    ] == []
    assert (tmp_path / "page.bbl").read_text().count(r"\bibitem") == len(works)
