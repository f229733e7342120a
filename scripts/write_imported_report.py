"""Rule write_imported_report: one page of all imports."""

from pathlib import Path

from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.summary import portions
from keepfaith.artifacts.tables import read_table
from keepfaith.figures.cell_tables import CellTables
from keepfaith.report.imported_page import ImportedTask, describe_imports, write_imported_report

with job(snakemake.log[0]):
    params, paths = snakemake.params, snakemake.input
    cells = [tuple(cell.split("/")) for cell in params.cells]
    inputs = zip(
        cells,
        portions(paths.tables, [len(params.tables)] * len(cells)),
        portions(paths.figures, [params.figures] * len(cells)),
        strict=True,
    )
    tasks = []
    for (name, task), files, svgs in inputs:
        tables = {
            table: read_table(path, ALL[table])
            for table, path in zip(params.tables, files, strict=True)
        }
        cautions = tables.pop("cautions")
        drawn = {path.stem: path for path in map(Path, svgs)}
        tasks.append(ImportedTask(name, task, CellTables(**tables), cautions, drawn))
    downloads = {f"{table}.csv": f"../{table}.csv" for table in params.tables}
    description = describe_imports(params.runs, cells, params.settings, downloads)
    write_imported_report(Path(snakemake.output.page), description, tasks)
