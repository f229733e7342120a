"""The methods section of a paper on a study: Markdown whose every number is a setting that was used."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from keepfaith.config.counts import AUTOMATIC_TUNING
from keepfaith.config.levels import level_words
from keepfaith.config.schema import BuiltinText, HubModel, HubText, Order, TrainModel
from keepfaith.config.schema.task_source import HarnessTaskSource, HubTaskSource
from keepfaith.config.settings import OrderText, Settings
from keepfaith.paper.library import references_of
from keepfaith.plugins.criterion import CRITERIA
from keepfaith.plugins.method import METHODS
from keepfaith.plugins.quantity import QUANTITIES
from keepfaith.plugins.segment_method import SEGMENT_METHODS

_STUDY = "arXiv:2606.24970"
_NAMED_HERE = {
    "harness": "lm-evaluation-harness (Gao et al. 2024)",
    "ece": "Naeini et al. 2015; Guo et al. 2017",
    "brier": "Brier 1950",
    "nll": "Good 1952",
    "temperature": "Guo et al. 2017",
    "bca": "Efron 1987",
    "tango": "Tango 1998",
    "holm": "Holm 1979",
    "snakemake": "Mölder et al. 2021",
    "transformers": "Wolf et al. 2020",
    "study": _STUDY,
}
"""Works that every study rests on, by what for."""

_DROPPED = {
    "attention": "attention sub-layers",
    "mlp": "MLP sub-layers",
    "joint": "attention and MLP sub-layers",
    "block": "whole blocks",
}
_UNITS = {
    "sum": "of these log-likelihoods",
    "token": "of these log-likelihoods per token of the choice",
    "byte": "of these log-likelihoods per byte of the choice",
    "character": "of these log-likelihoods per character of the choice",
}


def methods_text(settings: Settings, packages: Mapping[str, str]) -> str:
    """Markdown, with citations as Pandoc reads them (`[@he2024]`); `cited_works` has what they name.

    Args:
        settings: the study, resolved.
        packages: versions by name of the package.
    """
    paragraphs = (
        ("Models and pruning", _pruning(settings)),
        ("Tasks and accuracy", _tasks(settings)),
        ("Calibration", _calibration(settings)),
        ("Explanations", _explanations(settings)),
        ("Statistics", _statistics(settings)),
        ("Software", _software(settings, packages)),
    )
    sections = (f"## {heading}\n\n{' '.join(text)}\n" for heading, text in paragraphs if text)
    return f"# Methods of the study {settings.study.name}\n\n" + "\n".join(sections)


def cited_works(settings: Settings) -> list[str]:
    """Citations of all that the study used and `methods_text` names: models, orders, data, methods, definitions."""
    return [citation for citation in _citations(settings) if citation]


def _citations(settings: Settings) -> Iterator[str | None]:
    yield from _NAMED_HERE.values()
    kinds = (
        settings.models,
        settings.orders,
        settings.checkpoints,
        settings.methods,
        settings.texts,
    )
    for entry in (each for kind in kinds for each in kind.values()):
        yield entry.citation
    yield from (task.task.citation for task in settings.tasks.values())
    yield from (CRITERIA.load(order.criterion).citation for order in settings.orders.values())
    if settings.study.examples.explanation:
        yield from (METHODS.load(method.method).citation for method in settings.methods.values())
        yield from (method.citation for method in SEGMENT_METHODS.all().values())
        yield "DeYoung et al. 2020"


def _pruning(settings: Settings) -> list[str]:
    models = _series(_model(settings, name) for name in settings.models)
    if not settings.orders:
        return [f"Checkpoints were compared with {models}{_cite(_STUDY)}.", *_checkpoints(settings)]
    sentences = [
        f"We dropped layers of {models} one by one; a level is the number of dropped layers, and those that are named "
        f"here were measured against the dense model (level 0){_cite(_STUDY)}."
    ]
    by_levels = {
        name: f"{level_words(levels)} of {settings.layers[name]} layers"
        for name, levels in settings.levels.items()
    }
    sentences.append(f"Levels: {'; '.join(f'{n}: {each}' for n, each in by_levels.items())}.")
    for name, order in settings.orders.items():
        sentences.append(_order(name, order, settings.texts.get(name), settings.study.text))
    return sentences + _checkpoints(settings)


def _checkpoints(settings: Settings) -> list[str]:
    """What each order of checkpoints compares with the dense model."""
    sentences = []
    for name, order in settings.checkpoints.items():
        levels = (
            f"{level}: {checkpoint.name}"
            + (
                f" ({checkpoint.repository} at revision {checkpoint.revision})"
                if checkpoint.repository
                else ""
            )
            for level, checkpoint in settings.checkpoints_run(name).items()
        )
        sentences.append(
            f"Levels of order {name} are models of their own, each judged on its own{_cite(order.citation)}: "
            f"{'; '.join(levels)}."
        )
    return sentences


def _model(settings: Settings, name: str) -> str:
    model = settings.models[name]
    source = model.source
    facts = [f"{settings.layers[name]} layers"]
    if isinstance(source, HubModel):
        facts.insert(0, f"{source.repository} at revision {source.revision}")
    if isinstance(source, TrainModel):
        facts.append("trained on the training splits of the tasks")
    if model.chat_template:
        facts.append("prompts in its chat template")
    return f"{name} ({', '.join(facts)}){_cite(model.citation)}"


def _order(name: str, order: Order, text: OrderText | None, text_name: str | None) -> str:
    criterion = CRITERIA.load(order.criterion)
    reverse = ", in reverse" if order.reverse else ""
    cited = _cite(order.citation, criterion.citation)
    sentence = f"Order {name} drops {_DROPPED[order.drop]} by the criterion {criterion.label}{reverse}{cited}"
    if text is None:
        return f"{sentence}{f', with seed {order.seed}' if criterion.seeded else ''}."
    return (
        f"{sentence}, computed on {text.samples} samples of at most {text.sample_tokens} tokens of {text_name}"
        f"{_place(text.source)}{_cite(text.citation)}, drawn with seed {text.seed}."
    )


def _place(source: object) -> str:
    if isinstance(source, HubText | HubTaskSource):
        return f" ({source.repository} at revision {source.revision})"
    if isinstance(source, HarnessTaskSource):
        return f" (task {source.task} of lm-evaluation-harness{_cite(_NAMED_HERE['harness'])})"
    return " (text of the built-in tasks)" if isinstance(source, BuiltinText) else ""


def _tasks(settings: Settings) -> list[str]:
    def task(name: str) -> str:
        resolved = settings.tasks[name]
        number = settings.examples_of(name).evaluation
        count = "all examples" if number == "all" else f"{number} examples at most"
        return f"{name}{_place(resolved.source)}{_cite(resolved.task.citation)}, {count}"

    scoring = settings.study.scoring
    return [
        f"Tasks: {'; '.join(task(name) for name in settings.tasks)}. Examples were drawn with seed "
        f"{settings.study.examples.seed}.",
        "Every choice was scored by the summed log-likelihood of its tokens after the prompt"
        f"{_cite(_NAMED_HERE['harness'])}, in {scoring.dtype}; probabilities are the softmax "
        f"{_UNITS[settings.study.calibration.probabilities]} over the choices, the "
        "prediction is the most probable choice, and its probability is the confidence.",
    ]


def _calibration(settings: Settings) -> list[str]:
    calibration, named = settings.study.calibration, _NAMED_HERE
    tuning = _tuning_examples(settings)
    sentences = [
        f"Calibration was measured by the expected calibration error with {calibration.bins} equal-width bins"
        f"{_cite(named['ece'])}, the Brier score{_cite(named['brier'])} and the negative log-likelihood"
        f"{_cite(named['nll'])}. The band of a perfectly calibrated model comes from "
        f"{calibration.null_repetitions} draws of labels from the model's own probabilities."
    ]
    if tuning:
        sentences.append(
            f"A temperature{_cite(named['temperature'])} was fitted by maximum likelihood at every level on tuning "
            f"examples, which are never evaluated: {tuning}."
        )
    return sentences


def _tuning_examples(settings: Settings) -> str:
    """`33 per task`; where tasks differ, each number with its tasks; empty where none has any."""
    tasks: dict[int | str, list[str]] = {}
    for name in settings.tasks:
        tasks.setdefault(settings.examples_of(name).tuning, []).append(name)
    words = {
        count: f"at most {AUTOMATIC_TUNING} per task, of tasks with a tuning split of their own"
        if count == "auto"
        else f"{count} per task"
        for count in tasks
        if count != 0
    }
    if len(tasks) == 1:
        return "".join(words.values())
    return "; ".join(f"{each} ({', '.join(tasks[count])})" for count, each in words.items())


def _explanations(settings: Settings) -> list[str]:
    study = settings.study
    if not study.examples.explanation:
        return []
    how = study.faithfulness
    explained = {
        "margin": "the log-likelihood of the predicted choice less that of the best other",
        "log_probability": "the log-likelihood of the predicted choice",
    }[how.explains]
    counts = {name: settings.examples_of(name).explanation for name in settings.tasks}
    same = len(set(counts.values())) == 1
    number = (
        str(study.examples.explanation)
        if same and study.examples.explanation in counts.values()
        else "; ".join(f"{name}: {count}" for name, count in counts.items())
    )
    methods = _series(_method(settings, name) for name in settings.methods)
    sentences = [
        f"Predictions on {number} examples per task were explained by {methods}; the explained value is {explained}."
    ]
    if how.segments:
        sentences.append(
            f"The text of each was cut into at most {how.segments} segments, and all subsets of them (at most "
            f"{2**how.segments}) were scored at every level, segments removed by the operator {how.removal}. "
            "Faithfulness is the area between the curves of removing segments from the most and from the least "
            "important on, scaled so that 0 is the mean over all orders and 1 the best order there is. The same "
            f"subsets give {_series(f'{of.label}{_cite(of.citation)}' for of in SEGMENT_METHODS.all().values())}."
        )
    if how.protocol == "study":
        fractions = ", ".join(f"{fraction:g}" for fraction in how.fractions)
        sentences.append(
            f"Comprehensiveness and sufficiency{_cite('DeYoung et al. 2020')} were measured as in the published study"
            f"{_cite(_STUDY)}, at fractions {fractions} of the tokens, removed by {_series(how.operators)}."
        )
    return sentences


def _method(settings: Settings, name: str) -> str:
    entry = settings.methods[name]
    facts = [f"{key.replace('_', ' ')} {value}" for key, value in entry.settings.items()]
    facts.append(f"seed{'s' if len(entry.seeds) > 1 else ''} {', '.join(map(str, entry.seeds))}")
    declared = METHODS.load(entry.method)
    shown = declared.label if name == entry.method else f"{declared.label} (as {name})"
    cited = _cite(entry.citation, declared.citation)
    return (
        f"{shown}{cited} ({'; '.join(facts if declared.seeded else facts[:-1]) or 'no settings'})"
    )


def _statistics(settings: Settings) -> list[str]:
    chosen, named = settings.study.statistics, _NAMED_HERE
    margins = _series(
        f"{QUANTITIES.load(name).label} {margin:g}" for name, margin in chosen.margins.items()
    )
    return [
        f"Intervals cover {100 * chosen.confidence:g} %, from {chosen.repetitions} bootstrap draws of independent "
        f"texts (seed {chosen.seed}): BCa{_cite(named['bca'])} for means, score intervals{_cite(named['tango'])} for "
        "differences of accuracies; those of ECE come from labels drawn from the calibrated confidences.",
        "A level is kept (non-inferior) where the interval of the harm against the dense model lies within the margin, "
        "the margin does not cover the dense model's whole advantage over chance, and the texts are enough to show a "
        "rare large harm; it is degraded (inferior) where harm beyond the margin is shown after Holm's "
        f"correction{_cite(named['holm'])} over the levels. Margins: {margins}.",
    ]


def _software(settings: Settings, packages: Mapping[str, str]) -> list[str]:
    versions = _series(f"{name} {version}" for name, version in packages.items())
    return [
        f"The study was run by keepfaith, a Snakemake workflow{_cite(_NAMED_HERE['snakemake'])}, with Transformers"
        f"{_cite(_NAMED_HERE['transformers'])}. Versions: {versions}."
    ]


def _cite(*citations: str | None) -> str:
    keys = sorted({work.key for each in citations for work in references_of(each or "")})
    return f" [{'; '.join(f'@{key}' for key in keys)}]" if keys else ""


def _series(items: Iterable[Any]) -> str:
    """`a, b and c`."""
    words: Sequence[str] = [str(item) for item in items]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
