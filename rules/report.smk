# Figures, tidy tables of the whole study, and the report, all made from the tables of other rules.

SUMMARY_CSV = expand("results/summary/{table}.csv", table=SUMMARY_TABLES)
DRAWN_OF_CELL = {
    name: figure
    for name, figure in figures(CELL_FIGURES).items()
    if set(figure.needs)
    <= {*CELL_TABLES, "order", "examples", "predictions", "tuning_predictions"}
}
# No layer is ranked where levels are checkpoints.
DRAWN_OF_CHECKPOINTS = {
    name: figure
    for name, figure in DRAWN_OF_CELL.items()
    if "order" not in figure.needs
}
DRAWN_OF_STUDY = {
    name: figure
    for name, figure in figures(STUDY_FIGURES).items()
    if figure.protocol in (None, *PROTOCOLS)
    and figure.fewest_tasks <= len(settings.study.tasks)
}
STUDY_FIGURE_TABLES = [
    name
    for name in SUMMARY_TABLES
    if name == "checkpoints"
    or any(name in figure.tables for figure in DRAWN_OF_STUDY.values())
]
PUBLISHED = of_workflow("config/catalog/published/arxiv_2606_24970.csv")
LITERATURE = of_workflow("config/catalog/published/literature.csv")


rule draw_figures:
    """Draw the figures of one model, order and task."""
    input:
        tables=expand(
            "results/{{model}}/{{order}}/{{task}}/{table}.parquet", table=CELL_TABLES
        ),
        order=order_table,
        published=PUBLISHED,
    output:
        figure_files(
            "results/figures/{model}/{order}/{task}",
            CELL_FIGURES,
            DRAWN_OF_CELL,
            category="{model}, {order}",
            subcategory="{task}",
        ),
    log:
        "logs/{model}/{order}/{task}/draw_figures.log",
    wildcard_constraints:
        order=names_pattern(settings.orders),
    conda:
        "../envs/workflow.yaml"
    params:
        tables=CELL_TABLES,
        repository=lambda wildcards: repository(wildcards.model),
        methods=method_modules(),
        paper=PAPER,
        code=lambda wildcards: code("draw_figures.py", *labelled_files()),
    script:
        "../scripts/draw_figures.py"


use rule draw_figures as draw_checkpoint_figures with:
    output:
        figure_files(
            "results/figures/{model}/{order}/{task}",
            CELL_FIGURES,
            DRAWN_OF_CHECKPOINTS,
            category="{model}, {order}",
            subcategory="{task}",
        ),
    log:
        "logs/{model}/{order}/{task}/draw_checkpoint_figures.log",
    wildcard_constraints:
        order=names_pattern(settings.checkpoints),


rule summarise:
    """Join one kind of table over all models, orders and tasks."""
    input:
        tables=lambda wildcards: expand(
            "results/{place}/{table}.parquet",
            place=places(wildcards.table),
            table=wildcards.table,
        ),
    output:
        parquet="results/summary/{table}.parquet",
        csv="results/summary/{table}.csv",
    log:
        "logs/summary/{table}.log",
    wildcard_constraints:
        table="|".join(SUMMARY_TABLES),
    conda:
        "../envs/workflow.yaml"
    params:
        places=lambda wildcards: places(wildcards.table),
        columns=["model", "order", "task"],
        code=lambda wildcards: code("summarise.py"),
    script:
        "../scripts/summarise.py"


rule draw_summary_figures:
    """Draw the figures over all models, orders and tasks."""
    input:
        tables=[f"results/summary/{table}.parquet" for table in STUDY_FIGURE_TABLES],
        published=PUBLISHED,
        literature=LITERATURE,
    output:
        figure_files(
            "results/figures/study",
            STUDY_FIGURES,
            DRAWN_OF_STUDY,
            category="The whole study",
        ),
    log:
        "logs/draw_summary_figures.log",
    conda:
        "../envs/workflow.yaml"
    params:
        tables=STUDY_FIGURE_TABLES,
        methods=method_modules(),
        paper=PAPER,
        tasks=list(settings.study.tasks),
        code=lambda wildcards: code("draw_summary_figures.py", *labelled_files()),
    script:
        "../scripts/draw_summary_figures.py"


rule write_report:
    """Write the report: one self-contained page."""
    input:
        examples=[examples_table(*cell.split("/")) for cell in CELLS],
        orders=[table_of_path(path) for path in PRUNING_PATHS],
        predictions=expand("results/{cell}/predictions.parquet", cell=CELLS),
        explained=sum(explained_by_cell(), []),
        tables=expand("results/{cell}/{table}.parquet", cell=CELLS, table=CELL_TABLES),
        pooled=expand("results/{path}/pooled.parquet", path=PRUNING_PATHS),
        summary=SUMMARY_CSV,
        efficiency="results/summary/efficiency.parquet",
        figures=figures_of_cells(),
        study_figures=expand("results/figures/study/{name}.svg", name=DRAWN_OF_STUDY),
        published=PUBLISHED,
        literature=LITERATURE,
    output:
        page=report(
            "results/report/index.html",
            caption="captions/report.rst",
            category="The whole study",
        ),
        methods="results/report/methods.md",
        references="results/report/references.bib",
        cards="results/report/model_cards.md",
        latex=expand("results/report/{name}.tex", name=PAPER_TABLES),
    log:
        "logs/write_report.log",
    conda:
        "../envs/workflow.yaml"
    params:
        # Pruning path, cell and table of each input file, in the order of the files.
        pruning_paths=PRUNING_PATHS,
        cells=CELLS,
        tables=CELL_TABLES,
        modules=method_modules(),
        repositories={name: repository(name) for name in settings.study.models},
        study=description(),
        methods=lambda wildcards: methods_section(),
        cited=lambda wildcards: works(),
        by_segments="coalitions" in PROTOCOLS,
        explained_files=[len(files) for files in explained_by_cell()],
        explained_examples=settings.study.report.explained_examples,
        code=lambda wildcards: code("write_report.py", *labelled_files()),
    script:
        "../scripts/write_report.py"
