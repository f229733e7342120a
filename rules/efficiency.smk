# Cost of every level: weights, KV cache, time and memory, measured on the current machine.


rule measure_efficiency:
    """Measure weights, KV cache, time and memory of every level (GPU)."""
    input:
        model="results/models/{model}/model.json",
        order=order_table,
    output:
        efficiency="results/{model}/{order}/efficiency.parquet",
    log:
        "logs/{model}/{order}/measure_efficiency.log",
    conda:
        "../envs/workflow.yaml"
    # All cores: no other job may run while times are measured.
    threads: workflow.cores
    resources:
        gpu=gpus,
        mem_mb=memory("measure_efficiency"),
        runtime=minutes("measure_efficiency"),
    params:
        levels=lambda wildcards: settings.levels_of(wildcards.model, wildcards.order),
        scoring=SCORING,
        efficiency=settings.study.efficiency.model_dump(mode="json"),
        code=lambda wildcards: code("measure_efficiency.py"),
    script:
        "../scripts/measure_efficiency.py"
