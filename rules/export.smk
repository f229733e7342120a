# Pruned checkpoints: one folder per level and format, reloaded and compared before the job ends.


rule export_model:
    """Write one pruned checkpoint, reload it and compare it logit for logit."""
    input:
        model="results/models/{model}/model.json",
        order="results/{model}/{order}/order.parquet",
        metrics=expand(
            "results/{{model}}/{{order}}/{task}/metrics.parquet",
            task=settings.study.tasks,
        ),
        verdicts=expand(
            "results/{{model}}/{{order}}/{task}/verdict.parquet",
            task=settings.study.tasks,
        ),
        pooled="results/{model}/{order}/pooled.parquet",
    output:
        checkpoint=directory("results/{model}/{order}/export/level{level}-{format}"),
    log:
        "logs/{model}/{order}/export_level{level}_{format}.log",
    wildcard_constraints:
        order=names_pattern(settings.orders),
        level=r"\d+",
        format=names_pattern(EXPORT_FORMATS.names()),
    conda:
        "../envs/workflow.yaml"
    resources:
        mem_mb=memory("export_model"),
        runtime=minutes("export_model"),
    params:
        tasks=settings.study.tasks,
        order=lambda wildcards: order_definition(wildcards.order),
        text=lambda wildcards: order_text(wildcards.order),
        code=lambda wildcards: code(
            "export_model.py",
            *EXPORT_FORMATS.files(wildcards.format),
            *labelled_files(),
        ),
    script:
        "../scripts/export_model.py"


rule export:
    """All pruned checkpoints that export.levels names."""
    input:
        exports,
