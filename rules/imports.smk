# Logs of lm-evaluation-harness, one run per level: all results that need only predictions. No model is loaded.
# Their tasks are those of the harness (LOGGED_TASK), not those of the catalog.

IMPORTED_TABLES = ["metrics", "reliability", "verdict", "misalignment", "cautions"]
IMPORTED_FIGURES = [
    name
    for name, figure in DRAWN_OF_CELL.items()
    if set(figure.needs) <= {"examples", "predictions", *IMPORTED_TABLES}
]


rule import_logs:
    """Read the logs of lm-evaluation-harness of one task, one run per level."""
    input:
        logs=lambda wildcards: users(logs_of(wildcards).values()),
        results=results_beside,
    output:
        examples="results/imported/{imported}/{task}/examples.parquet",
        predictions="results/imported/{imported}/{task}/predictions.parquet",
    log:
        "logs/imported/{imported}/{task}/import_logs.log",
    wildcard_constraints:
        task=LOGGED_TASK,
    conda:
        "../envs/workflow.yaml"
    params:
        levels=lambda wildcards: list(logs_of(wildcards)),
        passage=lambda wildcards: passage_of(wildcards),
        code=lambda wildcards: code("import_logs.py"),
    script:
        "../scripts/import_logs.py"


rule compute_imported_metrics:
    """Compute accuracy, calibration, flips and cautions of an imported task."""
    input:
        examples="results/imported/{imported}/{task}/examples.parquet",
        predictions="results/imported/{imported}/{task}/predictions.parquet",
    output:
        metrics="results/imported/{imported}/{task}/metrics.parquet",
        reliability="results/imported/{imported}/{task}/reliability.parquet",
        cautions="results/imported/{imported}/{task}/cautions.parquet",
    log:
        "logs/imported/{imported}/{task}/compute_imported_metrics.log",
    wildcard_constraints:
        task=LOGGED_TASK,
    conda:
        "../envs/workflow.yaml"
    params:
        calibration=settings.study.calibration.model_dump(mode="json"),
        statistics=settings.study.statistics.model_dump(
            mode="json", exclude={"margins"}
        ),
        passage=lambda wildcards: passage_of(wildcards),
        name="{imported}/{task}",
        code=lambda wildcards: code("compute_imported_metrics.py", *no_labelled_files()),
    script:
        "../scripts/compute_imported_metrics.py"


use rule judge as judge_imported with:
    input:
        metrics="results/imported/{imported}/{task}/metrics.parquet",
    output:
        verdict="results/imported/{imported}/{task}/verdict.parquet",
        misalignment="results/imported/{imported}/{task}/misalignment.parquet",
    log:
        "logs/imported/{imported}/{task}/judge_imported.log",
    wildcard_constraints:
        task=LOGGED_TASK,
    params:
        statistics=settings.study.statistics.model_dump(mode="json"),
        explained=False,
        code=lambda wildcards: code("judge.py"),


rule draw_imported_figures:
    """Draw the figures of an imported task."""
    input:
        metrics="results/imported/{imported}/{task}/metrics.parquet",
        reliability="results/imported/{imported}/{task}/reliability.parquet",
        verdict="results/imported/{imported}/{task}/verdict.parquet",
    output:
        figure_files(
            "results/imported/{imported}/{task}/figures",
            CELL_FIGURES,
            IMPORTED_FIGURES,
            category="{imported}",
            subcategory="{task}",
        ),
    log:
        "logs/imported/{imported}/{task}/draw_imported_figures.log",
    wildcard_constraints:
        task=LOGGED_TASK,
    conda:
        "../envs/workflow.yaml"
    params:
        paper=PAPER,
        code=lambda wildcards: code(
            "draw_imported_figures.py",
            *CELL_FIGURES.files(*IMPORTED_FIGURES),
            *no_labelled_files(),
        ),
    script:
        "../scripts/draw_imported_figures.py"


rule write_imported_report:
    """Write the page of all imports: the report of what follows from predictions."""
    input:
        tables=lambda wildcards: expand(
            "results/imported/{cell}/{table}.parquet",
            cell=imported_cells(),
            table=IMPORTED_TABLES,
        ),
        figures=lambda wildcards: expand(
            "results/imported/{cell}/figures/{name}.svg",
            cell=imported_cells(),
            name=IMPORTED_FIGURES,
        ),
    output:
        page=report(
            "results/imported/report/index.html",
            caption="captions/imported.rst",
            category="The imports",
        ),
    log:
        "logs/imported/write_imported_report.log",
    conda:
        "../envs/workflow.yaml"
    params:
        # Import, task and table of each input file, in the order of the files.
        cells=lambda wildcards: imported_cells(),
        tables=IMPORTED_TABLES,
        figures=len(IMPORTED_FIGURES),
        runs=lambda wildcards: imported_runs(),
        settings=settings.study.model_dump(
            mode="json", include={"calibration", "statistics"}
        ),
        code=lambda wildcards: code("write_imported_report.py", *no_labelled_files()),
    script:
        "../scripts/write_imported_report.py"


use rule summarise as summarise_imported with:
    input:
        tables=lambda wildcards: expand(
            "results/imported/{cell}/{table}.parquet",
            cell=imported_cells(),
            table=wildcards.table,
        ),
    output:
        parquet="results/imported/{table}.parquet",
        csv="results/imported/{table}.csv",
    log:
        "logs/imported/{table}.log",
    wildcard_constraints:
        table="|".join(IMPORTED_TABLES),
    params:
        places=lambda wildcards: imported_cells(),
        columns=["imported", "task"],
        code=lambda wildcards: code("summarise.py"),


rule imported:
    """All tables and figures of the imports, and their page."""
    input:
        imported_files,
