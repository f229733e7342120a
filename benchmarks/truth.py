"""How often does the verdict err, and do intervals contain the truth, in simulated worlds of a known harm?

Every status is that of the package's `verdict`, and every interval that of its comparisons: single quantities with no
harm, with a harm of exactly the margin and of twice the margin, then whole pruning paths of 16 levels in studies of
eight tasks. `docs/validity.md` explains worlds and results.

    python benchmarks/truth.py [--parts explained predicted errors tempered paths] [--markdown docs/validity.md]

Prints tables and writes results/benchmarks/truth.json and truth.csv; a part that is not run is read from there.
"""

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from setup.calibrated import GAPS, LASTING, REPAIRABLE, data_set, tempered_set
from setup.command import command, folder_of
from setup.harms import WORLDS, Floats
from setup.judging import Case, Row, changes_of, outcome
from setup.paths import SCENARIOS, Sizes, sentences
from setup.populations import DRIFTS, chosen, population
from setup.record import record
from setup.validity import write_tables

from keepfaith.plugins.quantity import QUANTITIES
from keepfaith.statistics.comparison import Comparison
from keepfaith.statistics.prediction_metrics import calibration_series, numbers_of
from keepfaith.statistics.settings import Analysis

ANALYSIS = Analysis()
SEED = 14
HARMS = (0.0, 1.0, 2.0)
"""In margins. At the margin itself both false statuses are most frequent."""

TUNING = 500

NOT_REFITTED: dict[int, Floats] = {}
"""Other fits of a temperature, which null bands contain; no interval of a change reads them."""

PATHS = "paths"
PATH_SIZES = Sizes(evaluated=2000, explained=200)

SHOWN = ("nll", "kl_dense_level")
"""Means that are never judged; measured at the Brier score's harms."""

ACCURACY_WORLDS = ("normal", "rare", "near01", "clusters")
"""Of an accuracy nothing is skewed: each example changes by 1 or not at all."""

MOST_IN_PASSAGES = 500
"""Examples of a data set of ECE in passages: simulating 2,000 dependent answers takes minutes."""


@dataclass(frozen=True)
class Extent:
    """Numbers of data sets and of examples.

    Attributes:
        means: data sets of a mean, with a harm at the margin.
        errors: the same of a calibration error.
        studies: of eight tasks each.
        explained, evaluated: examples of a data set.
        of_paths: the same of a task of a study.
        population: examples that predictions are drawn from.
    """

    means: int
    errors: int
    studies: int
    explained: tuple[int, ...] = (16, 50, 200)
    evaluated: tuple[int, ...] = (300, 2000)
    of_paths: Sizes = PATH_SIZES
    population: int = 100_000

    @staticmethod
    def runs(total: int, margins: float) -> int:
        """Power is measured on a quarter of the data sets that errors are measured on."""
        return total if margins == 1 else max(2, total // 4)


SMALL = Extent(4, 2, 1, (50,), (300,), Sizes(300, 50), 5000)


def explained(extent: Extent) -> Iterator[Row]:
    """Faithfulness in each world of harms."""
    margin, largest = (
        getattr(QUANTITIES.load("faithfulness"), name) for name in ("margin", "largest")
    )
    for world, drawn in WORLDS.items():
        for examples in extent.explained:
            if examples // drawn.passage < 10:
                continue  # too few texts for any interval
            for margins in HARMS:
                case = Case("faithfulness", world, drawn.clusters(examples), margins)
                random = np.random.default_rng([SEED, examples])
                harm = margins * margin
                shape = (examples, extent.runs(extent.means, margins))
                harms = largest * drawn.draw(shape, harm / largest, random)
                # Faithfulness falls by the harm.
                yield outcome(case, changes_of(-harms, case.clusters, ANALYSIS), harm)


def predicted(extent: Extent) -> Iterator[Row]:
    """Brier score, NLL, divergence and accuracy, on examples drawn from populations."""
    for world in DRIFTS:
        for margins in HARMS:
            margin = QUANTITIES.load("brier").margin or 0.0
            pair = population(world, "brier", margins * margin, size=extent.population)
            for examples in extent.evaluated:
                clusters = DRIFTS[world].clusters(examples)
                total = extent.runs(extent.means, margins)
                random = np.random.default_rng([SEED, examples])
                drawn = np.stack(
                    [chosen(world, extent.population, examples, random) for _ in range(total)],
                    axis=1,
                )
                for quantity in ("brier", *SHOWN):
                    if quantity in SHOWN and margins != 1:
                        continue
                    case = Case(quantity, world, clusters, margins if quantity == "brier" else None)
                    changes = pair.changes(quantity)
                    found = changes_of(changes[drawn], clusters, ANALYSIS)
                    yield outcome(case, found, float(changes.mean()) * case.harmful)
    for world in ACCURACY_WORLDS:
        for margins in HARMS:
            margin = QUANTITIES.load("accuracy").margin or 0.0
            pair = population(world, "accuracy", -margins * margin, size=extent.population)
            truth = -float(pair.changes("accuracy").mean())
            for examples in extent.evaluated:
                case = Case("accuracy", world, DRIFTS[world].clusters(examples), margins)
                comparison = Comparison([0, 1], case.clusters, ANALYSIS)
                random = np.random.default_rng([SEED, examples])
                sets = (
                    pair.drawn(chosen(world, extent.population, examples, random))
                    for _ in range(extent.runs(extent.means // 2, margins))
                )
                found = [numbers_of("accuracy", each, comparison)[1] for each in sets]
                yield outcome(case, found, truth)


def errors(extent: Extent) -> Iterator[Row]:
    """ECE where the true error is the same in every bin."""
    for world, gaps in GAPS.items():
        for examples in extent.evaluated:
            if gaps.passage > 1 and examples > MOST_IN_PASSAGES:
                continue
            comparison = Comparison([0, 1], gaps.clusters(examples), ANALYSIS)
            for margins in HARMS:
                case = Case("ece", world, comparison.clusters, margins)
                harm = margins * (case.margin or 0.0)
                random = np.random.default_rng([SEED, examples])
                sets = (
                    data_set(world, harm, examples, random)
                    for _ in range(extent.runs(extent.errors, margins))
                )
                found = [
                    calibration_series(("ece",), each, comparison, NOT_REFITTED)["ece"][1]
                    for each in sets
                ]
                yield outcome(case, found, harm)


def after_temperature(extent: Extent) -> Iterator[Row]:
    """ECE after each level's own temperature, fitted on other examples."""
    for world in (REPAIRABLE, LASTING):
        for examples in extent.evaluated:
            comparison = Comparison([0, 1], np.arange(examples), ANALYSIS)
            case = Case("ece_tempered", world, comparison.clusters, None)
            random = np.random.default_rng([SEED, examples])
            sets = [tempered_set(world, examples, TUNING, random) for _ in range(extent.errors)]
            found = [
                calibration_series(("ece",), each.predicted, comparison, NOT_REFITTED)["ece"][1]
                for each in sets
            ]
            yield outcome(case, found, np.array([each.change for each in sets]))


def paths(extent: Extent) -> Iterator[Row]:
    """The answers of cells and studies."""
    for number, scenario in enumerate(SCENARIOS):
        yield sentences(scenario, extent.studies, extent.of_paths, ANALYSIS, SEED + number)


PARTS: dict[str, Callable[[Extent], Iterator[Row]]] = {
    "explained": explained,
    "predicted": predicted,
    "errors": errors,
    "tempered": after_temperature,
    PATHS: paths,
}


def earlier(folder: Path) -> list[Row]:
    """The rows of an earlier run, of all parts."""
    file = folder / "truth.json"
    if not file.exists():
        return []
    found = json.loads(file.read_text())
    rows: list[Row] = found["rows"] + found["studies"]
    return rows


def run(names: Sequence[str], extent: Extent, folder: Path) -> list[Row]:
    """Run parts, writing all that there is after each of them."""
    parts = {name: [row for row in earlier(folder) if row["part"] == name] for name in PARTS}
    for name in names:
        parts[name] = []
        for row in PARTS[name](extent):
            parts[name].append({"part": name} | row)
            print(parts[name][-1], flush=True)
        single = [row for part, of_part in parts.items() if part != PATHS for row in of_part]
        record("truth", folder, single, studies=parts[PATHS], confidence=ANALYSIS.confidence)
    return [row for of_part in parts.values() for row in of_part]


def options_of() -> Namespace:
    arguments = command(__doc__)
    arguments.add_argument("--parts", nargs="*", choices=list(PARTS), default=list(PARTS))
    arguments.add_argument(
        "--runs", type=int, default=1000, help="data sets with a harm at the margin, of means"
    )
    arguments.add_argument(
        "--error-runs", type=int, default=300, help="the same of calibration errors"
    )
    arguments.add_argument("--studies", type=int, default=50, help="studies of eight tasks")
    arguments.add_argument(
        "--markdown", type=Path, help="page whose tables are replaced by those of the run"
    )
    return arguments.parse_args()


def main() -> None:
    options = options_of()
    extent = SMALL if options.small else Extent(options.runs, options.error_runs, options.studies)
    folder = folder_of(options)
    rows = run(options.parts, extent, folder)
    if options.markdown:
        write_tables(rows, options.markdown)


if __name__ == "__main__":
    main()
