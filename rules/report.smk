# Figures, tidy tables of the whole study, and the report: all from tables that other rules made.

FORMATS = ["svg", "pdf", "png"]
SUMMARY_CSV = expand("results/summary/{table}.csv", table=SUMMARY_TABLES)
STUDY_FIGURE_TABLES = [
    name
    for name in SUMMARY_TABLES
    if name in ("metrics", "verdict", "efficiency", "stability")
]
PUBLISHED = f"{SOURCE}/config/catalog/published/arxiv_2606_24970.csv"


rule draw_figures:
    """Draw the figures of one model, order and task."""
    input:
        metrics="results/{model}/{order}/{task}/metrics.parquet",
        reliability="results/{model}/{order}/{task}/reliability.parquet",
        curves="results/{model}/{order}/{task}/curves.parquet",
        overlap="results/{model}/{order}/{task}/overlap.parquet",
        verdict="results/{model}/{order}/{task}/verdict.parquet",
        order="results/{model}/{order}/order.parquet",
        published=PUBLISHED,
    output:
        [
            report(
                f"results/figures/{{model}}/{{order}}/{{task}}/{name}.svg",
                caption=f"captions/unit/{name}.rst",
                category="{model}, {order}",
                subcategory="{task}",
                labels={"figure": name},
            )
            for name in figure_names("unit")
        ],
        expand(
            "results/figures/{{model}}/{{order}}/{{task}}/{name}.{format}",
            name=figure_names("unit"),
            format=FORMATS[1:],
        ),
    log:
        "logs/{model}/{order}/{task}/draw_figures.log",
    conda:
        "../envs/workflow.yaml"
    params:
        repository=lambda wildcards: repository(wildcards.model),
        methods=method_modules(),
        code=lambda wildcards: code("draw_figures.py", *labelled_files()),
    script:
        "../scripts/draw_figures.py"


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
        [f"results/summary/{table}.parquet" for table in STUDY_FIGURE_TABLES],
    output:
        [
            report(
                f"results/figures/study/{name}.svg",
                caption=f"captions/study/{name}.rst",
                category="The whole study",
                labels={"figure": name},
            )
            for name in figure_names("study")
        ],
        expand(
            "results/figures/study/{name}.{format}",
            name=figure_names("study"),
            format=FORMATS[1:],
        ),
    log:
        "logs/draw_summary_figures.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=lambda wildcards: code("draw_summary_figures.py", *labelled_files()),
    script:
        "../scripts/draw_summary_figures.py"


rule write_report:
    """Write the report: one self-contained page."""
    input:
        examples=expand(
            "results/tasks/{task}/examples.parquet", task=settings.study.tasks
        ),
        orders=expand(
            "results/{model}/{order}/order.parquet",
            model=settings.study.models,
            order=settings.study.orders,
        ),
        predictions=expand("results/{unit}/predictions.parquet", unit=UNITS),
        attributions=[
            path for unit in UNITS for path in attributions_of(*unit.split("/"))
        ],
        tables=expand(
            "results/{unit}/{table}.parquet",
            unit=UNITS,
            table=["metrics", "reliability", "curves", "overlap", "verdict"],
        ),
        summary=SUMMARY_CSV,
        figures=expand(
            "results/figures/{unit}/{name}.svg", unit=UNITS, name=figure_names("unit")
        ),
        study_figures=expand(
            "results/figures/study/{name}.svg", name=figure_names("study")
        ),
        published=PUBLISHED,
    output:
        report(
            "results/report/index.html",
            caption="captions/report.rst",
            category="The whole study",
        ),
    log:
        "logs/write_report.log",
    conda:
        "../envs/workflow.yaml"
    params:
        units=UNITS,
        methods={name: list(method.seeds) for name, method in settings.methods.items()},
        modules=method_modules(),
        repositories={name: repository(name) for name in settings.study.models},
        study=description(),
        explained_examples=settings.study.report.explained_examples,
        code=lambda wildcards: code("write_report.py", *labelled_files()),
    script:
        "../scripts/write_report.py"
