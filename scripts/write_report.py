"""Rule write_report: one page with settings, results and explanations."""

from pathlib import Path

import polars as pl

from keepfaith.artifacts.atomic import write_text
from keepfaith.artifacts.frames import read_parquet
from keepfaith.artifacts.job import job
from keepfaith.artifacts.schemas import ALL
from keepfaith.artifacts.summary import by_folder, portions, shares
from keepfaith.artifacts.tables import empty_table, read_provenance, read_table
from keepfaith.coalitions.segment_features import segment_features
from keepfaith.figures.cell_tables import CellTables
from keepfaith.figures.literature import read_literature, with_published_study
from keepfaith.figures.published import match_published, read_published
from keepfaith.paper.latex import paper_tables
from keepfaith.paper.references import references
from keepfaith.report.card_section import card_sections
from keepfaith.report.examples import explained_examples
from keepfaith.report.page import ReportCell, verdicts_of, write_report
from keepfaith.report.study import StudyDescription, with_skipped


def scores_of(path: str) -> pl.DataFrame:
    """Scores of segments or of tokens, whichever the study has."""
    if snakemake.params.by_segments:
        return segment_features(read_table(path, ALL["explanations"]))
    return read_table(path, ALL["attributions"])


with job(snakemake.log[0]):
    params, paths = snakemake.params, snakemake.input
    published = read_published(Path(paths.published))
    orders = dict(zip(params.pruning_paths, map(Path, paths.orders), strict=True))
    svgs = by_folder(map(Path, paths.figures))
    inputs = zip(
        params.cells,
        paths.examples,
        paths.predictions,
        portions(paths.explained, params.explained_files),
        shares(paths.tables, len(params.cells)),
        strict=True,
    )
    cells = []
    for place, examples, predictions, scores, files in inputs:
        model, order, task = place.split("/")
        named = dict(zip(params.tables, files, strict=True))
        tables = {name: read_table(path, ALL[name]) for name, path in named.items()}
        made = orders[f"{model}/{order}"]  # ORDER or CHECKPOINTS
        cell_tables = CellTables(
            **tables,
            **{made.stem: read_table(made, ALL[made.stem])},
            published=match_published(published, params.repositories[model], task, params.modules),
        )
        explained = explained_examples(
            read_table(examples, ALL["examples"]),
            read_table(predictions, ALL["predictions"]),
            pl.concat([empty_table(ALL["attributions"]), *map(scores_of, scores)], how="diagonal"),
            tables["verdict"],
            params.explained_examples,
            cell_tables.names,
        )
        notes = read_provenance(Path(named["metrics"])).measured.get("notes", ())
        cells.append(ReportCell(model, order, task, cell_tables, explained, svgs[place], notes))
    skipped = {
        place.split("/")[2]: read_provenance(Path(path)).measured.get("skipped", {})
        for place, path in zip(params.cells, paths.examples, strict=True)
    }
    pooled = {
        place: read_table(path, ALL["pooled"])
        for place, path in zip(params.pruning_paths, paths.pooled, strict=True)
    }
    efficiency = read_parquet(Path(paths.efficiency))
    write_report(
        Path(snakemake.output.page),
        with_skipped(StudyDescription(**params.study), skipped),
        cells,
        {path.stem: path for path in map(Path, paths.study_figures)},
        pooled,
        efficiency,
        with_published_study(
            read_literature(Path(paths.literature)),
            published,
            list(dict.fromkeys(c.task for c in cells)),
        ),
    )
    write_text(Path(snakemake.output.methods), params.methods)
    write_text(Path(snakemake.output.references), references(params.cited))
    write_text(Path(snakemake.output.cards), card_sections(cells, pooled, efficiency))
    written = {path.stem: path for path in map(Path, snakemake.output.latex)}
    for table in paper_tables(
        verdicts_of(cells), [cell.order for cell in cells if cell.tables.names]
    ):
        write_text(written[table.name], table.latex())
