# Two studies side by side. Both are results folders that exist and no inputs: one may be of this very study, whose rules
# Snakemake would then run again. Digests of their tables say whether the comparison is up to date.


rule compare_studies:
    """Set the levels of two studies side by side."""
    output:
        parquet="results/comparison/comparison.parquet",
        csv="results/comparison/comparison.csv",
        page=report(
            "results/comparison/index.html",
            caption="captions/comparison.rst",
            category="Two studies",
        ),
    log:
        "logs/compare_studies.log",
    conda:
        "../envs/workflow.yaml"
    params:
        compare=lambda wildcards: compared_studies(),
        calibration=settings.study.calibration.model_dump(mode="json"),
        statistics=settings.study.statistics.model_dump(mode="json"),
        code=lambda wildcards: code(
            "compare.py",
            *plugin_files(METHODS, METHODS.names()),
            *plugin_files(OPERATORS, []),
        ),
    script:
        "../scripts/compare.py"


rule compare:
    """Two studies side by side: a page and tables of their differences."""
    input:
        "results/comparison/index.html",
