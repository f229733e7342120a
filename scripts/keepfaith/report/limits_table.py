"""Table of what can be explained at each level, whatever the method."""

from keepfaith.figures.cell_tables import CellTables
from keepfaith.report.tables import PageTable, TableCell, level_cell, number

_SHARES = {
    "nothing_to_explain": "Share with nothing to explain",
    "flipped": "Share with another prediction than dense",
    "additive_share": "Additive share of the value",
}


def limits_table(tables: CellTables) -> PageTable | None:
    """Per level, of the explained examples: whether any order of segments explains them; None without segments."""
    series = {metric: tables.series(metric) for metric in _SHARES}
    if series["nothing_to_explain"].is_empty():
        return None
    values = {
        metric: dict(rows.select("level", "value").iter_rows()) for metric, rows in series.items()
    }
    rows = tuple(
        (
            level_cell(level),
            *(TableCell(number(of_level.get(level), 2)) for of_level in values.values()),
        )
        for level in tables.levels
    )
    count = tables.counted("nothing_to_explain")
    title = "What can be explained" + (f" ({count})" if count else "")
    return PageTable(title, ("Level", *_SHARES.values()), rows)
