"""How large the report of a large study is, and how soon a browser shows it.

The study has 5 models, 3 orders, 8 tasks and levels 0 to 16: 120 cells. Its tables are made up, as in the tests:
plausible shapes, no model. Every cell has its own tables; figures are drawn for the cells of the first model and order
and stand for those of the others, since only their size matters here. The time to the first paint is that of Chromium
without a window, the median of five openings.

    python benchmarks/page.py [--page FILE] [--keep FILE]

--page measures a finished report in place of the synthetic one, --keep writes the synthetic one there. Prints a table
and writes results/benchmarks/page.json.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
from setup import ROOT
from setup.command import command, folder_of
from setup.record import record
from setup.timing import timed

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit")]

from browser import CHROMIUM, opened  # noqa: E402
from figures import synthetic  # noqa: E402

from keepfaith.config.schema.study import PdfWidth  # noqa: E402
from keepfaith.figures.cell_figures import cell_figures, draw_all  # noqa: E402
from keepfaith.figures.paper import Paper  # noqa: E402
from keepfaith.figures.published import published_harms, read_published  # noqa: E402
from keepfaith.figures.study_figures import draw_all_study, study_figures  # noqa: E402
from keepfaith.report.examples import explained_examples  # noqa: E402
from keepfaith.report.page import ReportCell, write_report  # noqa: E402
from keepfaith.report.study import StudyDescription  # noqa: E402

PAPER = Paper(**PdfWidth().model_dump())
PUBLISHED = ROOT / "config" / "catalog" / "published" / "arxiv_2606_24970.csv"
OPENINGS = 5
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"


def synthetic_report(folder: Path, models: int, orders: int, tasks: int, deepest: int) -> Path:
    """Draw and write the report of a made-up study."""
    places = [
        (f"model-{model}", f"order-{order}", f"task-{task}")
        for model in range(models)
        for order in range(orders)
        for task in range(tasks)
    ]
    tables = {
        place: synthetic.cell(deepest=deepest, layers=2 * deepest, seed=seed)
        for seed, place in enumerate(places)
    }
    paths = dict.fromkeys(place[:2] for place in places)
    pooled = {path: synthetic.pooled(tables[*path, "task-0"].verdict, tasks) for path in paths}
    efficiency = pl.concat(
        synthetic.with_path(synthetic.efficiency(range(deepest + 1)), *path) for path in paths
    )
    draw_all_study(
        {
            **{
                name: pl.concat(
                    synthetic.with_cell(getattr(each, name), *at) for at, each in tables.items()
                )
                for name in ("metrics", "verdict")
            },
            "published": published_harms(read_published(PUBLISHED), {}),
            "efficiency": efficiency,
            "stability": pl.concat(
                synthetic.with_path(
                    synthetic.stability(2 * deepest, np.random.default_rng(0)), *path
                )
                for path in paths
            ),
            "pooled": pl.concat(
                synthetic.with_path(means, *path) for path, means in pooled.items()
            ),
        },
        [folder / "study" / f"{name}.svg" for name in study_figures()],
        PAPER,
    )
    drawn = {}
    for task in range(tasks):
        name = f"task-{task}"
        files = [folder / name / f"{figure}.svg" for figure in cell_figures()]
        draw_all(tables["model-0", "order-0", name], files, PAPER)
        drawn[name] = {file.stem: file for file in files}
    cells = [
        ReportCell(
            *place,
            each,
            explained_examples(*synthetic.explained(5, deepest, seed=seed), each.verdict, 4),
            drawn[place[2]],
        )
        for seed, (place, each) in enumerate(tables.items())
    ]
    page = folder / "index.html"
    write_report(
        page,
        StudyDescription("large", {}, {}, {}, {}, {}, {}),
        cells,
        {name: folder / "study" / f"{name}.svg" for name in study_figures()},
        {"/".join(path): means for path, means in pooled.items()},
        efficiency,
    )
    return page


def first_paint(page: Path, openings: int) -> float | None:
    """Milliseconds, the median of some openings; None without Chromium."""
    if CHROMIUM is None:
        return None
    found = []
    for _ in range(openings):
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            opened(page.resolve(), Path(folder)) as tab,
        ):
            painted = tab.value(PAINTED)
        if painted is not None:
            found.append(float(painted))
    return median(found) if found else None


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--page", type=Path, help="a finished report, results/report/index.html")
    parser.add_argument("--keep", type=Path, help="where to write the page of the made-up study")
    options = parser.parse_args()
    sizes = (2, 1, 1, 2) if options.small else (5, 3, 8, 16)
    with tempfile.TemporaryDirectory() as folder:
        seconds, page = (
            (None, options.page)
            if options.page
            else timed(lambda: synthetic_report(Path(folder), *sizes))
        )
        if options.keep and not options.page:
            shutil.copyfile(page, options.keep)
        row = {
            "page": "finished"
            if options.page
            else "{} models, {} orders, {} tasks, levels 0 to {}".format(*sizes),
            "megabytes": round(page.stat().st_size / 1e6, 2),
            "seconds_to_make": None if seconds is None else round(seconds, 1),
            "first_paint_ms": first_paint(page, 1 if options.small else OPENINGS),
        }
    record("page", folder_of(options), [row])


if __name__ == "__main__":
    main()
