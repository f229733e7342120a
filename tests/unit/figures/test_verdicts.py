"""The grid of the whole study shows the worst status of each row, as the report's table does."""

from figures.test_figures import summary_tables
from keepfaith.figures.statuses import STATUS_MARKS
from keepfaith.figures.study_figures import draw_study
from keepfaith.report.matrix import verdict_matrix


def test_rows_and_marks_are_those_of_the_reports_matrix() -> None:
    cells = [("m", order, task) for order in ("a", "b") for task in ("sst2", "rte")]
    tables = summary_tables(cells)
    (panel,) = draw_study("verdicts", tables).axes
    pooled = {f"m/{order}": tables["pooled"].filter(model="m", order=order) for order in ("a", "b")}
    matrix = verdict_matrix(tables["verdict"], pooled, {}, {})
    expected = [
        (f"{model}, {order}: {row.name}", [cell.status for cell in row.cells if cell])
        for model, order, rows in matrix.groups
        for row in rows
    ]
    names = [label.get_text() for label in panel.get_yticklabels()]
    assert names == [name for name, _ in expected]
    colours = {colour: status for status, (_, colour, _, _) in STATUS_MARKS.items()}
    drawn: dict[int, list[str]] = {}
    for line in panel.lines:
        drawn.setdefault(int(line.get_ydata()[0]), []).append(colours[line.get_color()])
    assert [drawn[row] for row in range(len(names))] == [statuses for _, statuses in expected]
    assert len({status for row in drawn.values() for status in row}) > 1


def test_without_pruned_levels_it_says_so() -> None:
    tables = summary_tables([("m", "a", "sst2")])
    dense = {
        name: table.filter(level=0) for name, table in tables.items() if "level" in table.columns
    }
    figure = draw_study("verdicts", {**tables, **dense})
    assert "no verdict" in figure.texts[0].get_text()
