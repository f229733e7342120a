"""A study: its selections and the settings of every phase; the schema of `config/config.yaml`."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from keepfaith.config.probabilities import SUM, ProbabilityUnit
from keepfaith.config.schema.compare import Compare
from keepfaith.config.schema.imported import Import
from keepfaith.config.schema.levels import LevelChoice, Levels
from keepfaith.config.strict import (
    Count,
    Name,
    Number,
    Positive,
    Seed,
    Strict,
    Text,
    ascending,
    distinct,
    words_or_number,
)


def _no_error_rate(confidence: float) -> float:
    if confidence < 0.5:
        raise ValueError(
            f"must be at least 0.5, got {confidence:g}; type {1 - confidence:g} if {confidence:g} is the error rate"
        )
    return confidence


Selection = Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(distinct)]
Fraction = Annotated[Number, Field(gt=0, lt=1)]
Margin = Annotated[Number, Field(gt=0, lt=1)]
"""Not 0, within which no number of texts shows anything to be kept, and in which harms cannot be counted.

Of a quantity that changes by less than 1 (`config.margins` says which there are). The Brier score, summed over the
choices, can rise by up to 2, but only where the model is sure of wrong choices: from perfect to guessing by less than
1.
"""


Explains = Literal["margin", "log_probability"]
RemovedTokenChoice = Literal["auto", "study"]


class Examples(Strict):
    """Number and selection of the examples of every task."""

    evaluation: Annotated[Literal["all"] | Positive, words_or_number("all")] = Field(
        default="all",
        description="Examples for accuracy and calibration: `all`, or at most this many (a smaller task gives "
        "all that it has).",
    )
    explanation: Count = Field(
        default=200,
        description="Explained examples, a subset of the evaluation examples. Exactly this many: a task with fewer "
        "evaluation examples is refused. 0 explains nothing: accuracy and calibration alone, from predictions.",
    )
    tuning: Annotated[Literal["auto"] | Count, words_or_number("auto")] = Field(
        default="auto",
        description="Examples that the temperature of every level is fitted on, never evaluated. `auto`: 500 of the "
        "task's tuning split, or all that it has, and none where the task has no such split; or exactly this many, "
        "where need be from the evaluation split, disjoint from the evaluation examples.",
    )
    seed: Seed = Field(default=0, description="Seed of the choice of examples.")


class ScoringSettings(Strict):
    """How the model is run."""

    token_budget: Annotated[Literal["auto"] | Positive, words_or_number("auto")] = Field(
        default="auto",
        description="Tokens in one batch, padding included: `auto` fits them to the machine; or a number. Halved when "
        "memory runs out. Changes no result.",
    )
    dtype: Literal["float32", "bfloat16", "float16"] = Field(
        default="float32", description="Number format of the weights and activations."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="`auto` takes a GPU where there is one."
    )
    over_long: Literal["refuse", "cut_left"] = Field(
        default="refuse",
        description="Treatment of a prompt that is longer than the model admits: `refuse` ends the job and names "
        "the example; `cut_left` drops tokens at its start, as lm-evaluation-harness does, and counts them in the log "
        "and the report, with the rationales that are lost with it.",
    )
    unscorable: Literal["refuse", "leave_out"] = Field(
        default="refuse",
        description="Treatment of an example that a model's tokenizer cannot encode (it drops a character, does not "
        "know one of a choice, or gives two choices the same tokens): `refuse` ends the job and names all of them; "
        " `leave_out` evaluates and explains this model without them, at all levels, and records their number "
        "in the log, in the provenance of predictions.parquet and in the report.",
    )
    threads: Positive = Field(default=1, description="CPU threads of a job that calls a model.")


class Faithfulness(Strict):
    """How explanations are evaluated."""

    segments: Annotated[Count, Field(le=12)] = Field(
        default=10,
        description="Most segments of an explained text of which every subset is scored, up to 12: 2^N inputs per "
        "example, shared by all levels, methods and seeds. From this table come exact Shapley values, and faithfulness "
        "between chance (0) and the best order there is (1), which flat probabilities cannot change. 0 leaves it out, "
        "with `protocol: study` alone.",
    )
    removal: Name = Field(
        default="delete",
        description="How the segments that a subset lacks are removed: `delete` (cut out of the text), `replace` "
        "(token by token, with one that says nothing) or `attention_mask` (hidden from the attention of the others).",
    )
    explains: Explains = Field(
        default="margin",
        description="What attribution methods explain: `margin`, the log-likelihood of the predicted choice less that "
        "of the best other, which flat probabilities change in size alone; or `log_probability`, that of the predicted "
        "choice alone (the study's).",
    )
    removed_token: RemovedTokenChoice = Field(
        default="auto",
        description="What LIME, KernelSHAP and integrated gradients put in the place of a removed token: `auto`, the "
        "tokenizer's unknown token, else its padding token, else the one that ends a text, never a visible word; or "
        "`study`, token 0 (the study's), which is a word of some tokenizers.",
    )
    protocol: Literal["coalitions", "study"] = Field(
        default="coalitions",
        description="`coalitions`: explanations are judged by all subsets of the segments. `study`: beside that, token "
        "by token as in arXiv:2606.24970, with every level's and method's own inputs; its comprehensiveness and "
        "sufficiency are shown, and judged where `statistics.margins` states a margin for them or `segments` is 0.",
    )
    fractions: Annotated[
        tuple[Fraction, ...],
        Field(min_length=1),
        AfterValidator(distinct),
        AfterValidator(ascending),
    ] = Field(
        default=(0.1, 0.2, 0.3, 0.4, 0.5),
        description="With `protocol: study`: fractions of the prompt tokens that are removed or kept; below 1, where "
        "all rankings remove the same.",
    )
    operators: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default=("retokenise", "delete"),
        description="With `protocol: study`: how tokens are removed. `retokenise`: cut their characters out of the "
        "prompt, tokenise the rest (the study's); `delete`: drop the token ids.",
    )
    tops: Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default=(5, 10, 20),
        description="Sizes of the top lists whose overlap between levels is measured.",
    )

    @property
    def protocols(self) -> tuple[str, ...]:
        """What explanations are measured by, that which is judged first: see `plugins.quantity.PROTOCOLS`."""
        runs = {"coalitions": self.segments > 0, "study": self.protocol == "study"}
        return tuple(name for name, run in runs.items() if run)


class Calibration(Strict):
    """How confidence is evaluated."""

    probabilities: ProbabilityUnit = Field(
        default=SUM,
        description="The probabilities that the verdict judges, and all else that follows from predictions: the "
        "softmax of the choices' summed log-likelihoods (`sum`; their accuracy is `acc` of lm-evaluation-harness), or "
        "of these per `token`, `byte` (`acc_bytes`) or `character` (`acc_norm`) of the choice. The table of all "
        "metrics shows the others. Explanations are always about the summed log-likelihoods.",
    )
    bins: Positive = Field(
        default=10,
        le=1000,
        description="Equal-width confidence bins of the calibration error.",
    )
    null_repetitions: Positive = Field(
        default=1000,
        le=100_000,
        description="Draws for the band of a perfectly calibrated model's error, and the minimum for the test of a "
        "change of that error, which takes more where the number of levels needs them.",
    )


class Statistics(Strict):
    """Statistical settings: intervals, tests and margins."""

    confidence: Annotated[Number, Field(lt=1), AfterValidator(_no_error_rate)] = Field(
        default=0.95, description="Coverage of every interval, from 0.5 to below 1."
    )
    repetitions: Positive = Field(
        default=2000,
        le=1_000_000,
        description="Bootstrap and permutation draws; refused where there are too few to "
        "show any harm.",
    )
    seed: Seed = Field(default=0, description="Seed of those draws.")
    margins: dict[Name, Margin] = Field(
        default_factory=dict,
        description="Tolerated harm, by judged quantity, in its unit; within it a level counts as kept.",
    )


class Stability(Strict):
    """Stability of an order over draws of calibration text."""

    seeds: Count = Field(
        default=0,
        description="Draws of calibration text; 0 measures nothing. Each costs as much as the order. Orders that "
        "do not depend on a seed (last_k) are left out.",
    )
    samples: Annotated[
        tuple[Positive, ...], AfterValidator(distinct), AfterValidator(ascending)
    ] = Field(
        default=(), description="Numbers of calibration samples; none: the order's own number."
    )


class Efficiency(Strict):
    """Measurement of the cost of every level."""

    contexts: Annotated[
        tuple[Positive, ...],
        Field(min_length=1),
        AfterValidator(distinct),
        AfterValidator(ascending),
    ] = Field(default=(64, 256), description="Prompt lengths in tokens, batch 1.")
    new_tokens: Positive = Field(default=32, description="Tokens decoded after each prompt.")
    repeats: Positive = Field(default=5, description="Timings, of which the fastest counts.")


class Plan(Strict):
    """What `snakemake plan` expects: speed of the machine, also for the time that cluster jobs request, and spreads."""

    gpu_flops: Annotated[Number, Field(gt=0)] = Field(
        default=4e14,
        description="Floating-point operations per second that one GPU achieves; `benchmarks/gpu.py` measures it. The "
        "default is an assumption: 40 % of the 989 Tflop/s that are specified for an H100 in bfloat16.",
    )
    core_flops: Annotated[Number, Field(gt=0)] = Field(
        default=3e10,
        description="The same for one CPU core; `benchmarks/limit.py` measures it.",
    )
    devices: Annotated[tuple[Positive, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default=(1, 8),
        description="Numbers of GPUs (of cores, in a study on the CPU) for which the plan states the duration.",
    )
    spreads: dict[Name, Annotated[Number, Field(gt=0)]] = Field(
        default_factory=dict,
        description="Expected standard deviation of one example's change against the dense model, by judged quantity: "
        "with it the plan says which margins can be decided. A report of a pilot run has measured ones; for accuracy "
        "it is the square root of the share of examples that turn from right to wrong or back. Default: `spread` "
        "in the quantity's file, with its source.",
    )


class Export(Strict):
    """Pruned checkpoints that `snakemake export` writes."""

    levels: Annotated[tuple[Count, ...], AfterValidator(distinct)] = Field(
        default=(), description="Levels that are written, of every model and order."
    )
    formats: Annotated[tuple[Name, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default=("slim",),
        description="Export formats of the folders: names of files of the package, listed in `docs/options.md`.",
    )


class PdfWidth(Strict):
    """Widths in inches of the figures' PDF; most text in them has 7 points."""

    column: Number = Field(
        default=3.3,
        ge=2,
        le=7,
        description="Inches of figures that are at most 6 wide on a screen: a column of the paper.",
    )
    page: Number = Field(
        default=6.9,
        ge=4,
        le=11,
        description="Inches of all others: the text of a page, over all of its columns.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.column > self.page:
            raise ValueError(
                f"a column of {self.column:g} inches is wider than the page of {self.page:g}; type a larger page"
            )
        return self


class Report(Strict):
    """Contents of the report beyond figures and tables."""

    explained_examples: Count = Field(
        default=3,
        description="Explained examples shown as highlighted text, per model, order and task.",
    )
    figure_formats: Annotated[tuple[Literal["pdf", "png"], ...], AfterValidator(distinct)] = Field(
        default=("pdf", "png"),
        description="Formats of every figure beside SVG, which the page holds: pdf with embedded fonts for papers, png "
        "for slides. `[]` for none, which takes less than half of the time.",
    )
    pdf_width: PdfWidth = Field(
        default_factory=PdfWidth,
        description="Widths in inches of the figures' PDF, as the paper that they are meant for.",
    )


class Folders(Strict):
    """Folders of local sources. Relative paths start at the working directory."""

    data: Text | None = Field(
        default=None, description="Folder that the paths of local tasks and texts start from."
    )
    models: Text | None = Field(
        default=None, description="Folder that the paths of local models start from."
    )


class Study(Strict):
    """Selections and settings of one run."""

    name: Name = Field(default="study", description="Name of the study, shown in the report.")
    models: Selection = Field(description="Models, by the names of the files in catalog/models/.")
    orders: Selection = Field(
        description="Pruning orders, by the names of the files in catalog/orders/."
    )
    text: Name | None = Field(
        default=None,
        description="Calibration text, by the name of a file in catalog/texts/; needed where the criterion of a "
        "selected order reads text.",
    )
    tasks: Selection = Field(description="Tasks, by the names of the files in catalog/tasks/.")
    methods: Selection = Field(
        default=("lime", "kernelshap", "input_x_gradient", "random"),
        description="Attribution methods, by the names of the files in catalog/methods/.",
    )
    seeds: Seeds | None = Field(
        default=None,
        description="Replaces the seeds of all attribution methods that have several in the catalog.",
    )
    task_source: Literal["auto", "hub", "local", "builtin"] = Field(
        default="auto",
        description="Source of a task that is read. `auto`: its first of builtin, hub, local.",
    )
    folders: Folders = Field(default_factory=Folders, description="Folders of local sources.")
    levels: LevelChoice = Field(
        default_factory=Levels,
        description="Numbers of dropped layers: a list of levels such as `[0, 4, 8]`, or a block. Level 0, the dense "
        "model, is always run; levels between those of a list are not. Of an order of checkpoints, a list and a "
        "`maximum` choose among its levels; `half` and `all` are all of them.",
    )
    examples: Examples = Field(
        default_factory=Examples, description="Number and selection of the examples."
    )
    scoring: ScoringSettings = Field(
        default_factory=ScoringSettings, description="How the model is run."
    )
    faithfulness: Faithfulness = Field(
        default_factory=Faithfulness, description="How explanations are evaluated."
    )
    calibration: Calibration = Field(
        default_factory=Calibration, description="How confidence is evaluated."
    )
    statistics: Statistics = Field(
        default_factory=Statistics, description="Intervals, tests and margins."
    )
    stability: Stability = Field(
        default_factory=Stability,
        description="Stability of an order over draws of calibration text.",
    )
    efficiency: Efficiency = Field(
        default_factory=Efficiency, description="Measurement of the cost of every level."
    )
    plan: Plan = Field(
        default_factory=Plan, description="Speed of the machine and expected spreads, for plans."
    )
    export: Export = Field(
        default_factory=Export, description="Pruned checkpoints that `snakemake export` writes."
    )
    imports: dict[Name, Import] = Field(
        default_factory=dict,
        description="Runs of lm-evaluation-harness with logged samples that `snakemake imported` reads: under a name "
        "that you choose, level: folder of the run (or one log). Relative paths start at the working directory.",
    )
    compare: Compare | None = Field(
        default=None,
        description="Two results folders that `snakemake compare` sets side by side: "
        "`{first: FOLDER, second: FOLDER}`.",
    )
    report: Report = Field(default_factory=Report, description="Contents of the report.")
