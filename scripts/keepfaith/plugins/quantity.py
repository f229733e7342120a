"""Quantities: the rows of METRICS that are judged against the dense model, or shown by name."""

from dataclasses import dataclass
from typing import Literal

from keepfaith.plugins.registry import Registry

PROTOCOLS = ("coalitions", "study")
"""What explanations are measured by: every subset of the segments, or the study's removal of single tokens."""

CONCERNS = ("accuracy", "calibration", "faithfulness")
"""The reader's questions, in the order of the report; a judged quantity may belong to one of them."""


@dataclass(frozen=True)
class Range:
    """Two columns of METRICS that tables show beside a value, and their heading."""

    heading: str
    low: str
    high: str

    @property
    def of_value(self) -> bool:
        """Whether they enclose the value; those of its reference stand for something else."""
        return self.low != "reference_low"


@dataclass(frozen=True)
class Quantity:
    """A quantity that is judged, or shown; its name is that of its file.

    Attributes:
        label: its name in sentences, figures and tables.
        axis: its label on an axis, with the unit.
        metric: its rows in METRICS.
        better: which direction is better; "neither" cannot be judged.
        position: its rank among the others, in tables, figures and the verdict.
        heading: of its column in tables; by default its label, with a capital letter.
        beside: columns that tables show beside its value.
        explained: whether it has a value per attribution method (with the shown operator), or one for the model.
        margin: default of the tolerated harm, in the quantity's unit; None: shown, never judged.
        tolerates: meaning of that margin, in one sentence, for the page of options.
        concern: the one of `CONCERNS` that it answers where orders are compared, if any.
        by_signs: whether its test flips signs of independent texts, n of which give no p-value below 2^(1-n).
        largest: what one example can lose at most, in the quantity's unit: a harm of that size in a share of margin /
            largest of all texts exceeds the margin, so with too few texts to see one of these, nothing is called kept
            (`statistics.evidence`). None where the interval does not rest on the sample alone, and allows for what the
            sample does not show.
        by_score: whether its interval is a score interval of a difference of proportions, which with few changed
            answers is wider than its spread says (`statistics.power`).
        biased: whether its estimate has a bias, which does not average out over tasks: the interval of its mean over
            tasks does not shrink with their number (`statistics.combined`).
        above_chance: whether its reference in METRICS is what a model that knows nothing reaches, above which it can
            lose something; that of calibration is the band of a calibrated model.
        margin_as: the judged quantity whose margin tests of misalignment use for this one, which is shown and never
            judged.
        protocol: the one of `PROTOCOLS` that measures it, if it is not measured in every study. Where both are run, the
            study's quantities are shown, and judged only if the study states a margin for them.
        spread: the standard deviation of one text's paired difference from the dense model that a plan expects, before
            anything is measured; its file says where the number is from. None: the plan says nothing on its power.
    """

    label: str
    axis: str
    metric: str
    better: Literal["higher", "lower", "neither"]
    position: int
    heading: str = ""
    beside: Range | None = None
    explained: bool = False
    margin: float | None = None
    tolerates: str = ""
    concern: str | None = None
    by_signs: bool = True
    largest: float | None = None
    by_score: bool = False
    biased: bool = False
    above_chance: bool = False
    margin_as: str | None = None
    protocol: Literal["coalitions", "study"] | None = None
    spread: float | None = None

    def __post_init__(self) -> None:
        if self.concern not in (None, *CONCERNS):
            raise ValueError(f"{self.label}: no concern {self.concern!r}; type {CONCERNS} or None")
        if self.largest is not None and self.largest <= 0:
            raise ValueError(
                f"{self.label}: largest is {self.largest:g}; type a harm above 0 or None"
            )
        if self.spread is not None and self.spread <= 0:
            raise ValueError(
                f"{self.label}: spread is {self.spread:g}; type a standard deviation above 0 or None"
            )
        if self.protocol not in (None, *PROTOCOLS):
            raise ValueError(
                f"{self.label}: no protocol {self.protocol!r}; type {PROTOCOLS} or None"
            )
        if self.margin_as is not None and (self.margin is not None or self.better == "neither"):
            raise ValueError(
                f"{self.label}: margin_as is for a quantity without a margin of its own that has a better direction"
            )
        if self.margin is not None and (self.better == "neither" or not self.tolerates):
            raise ValueError(
                f"{self.label} has a margin: say which direction is better, and what the margin tolerates"
            )

    @property
    def harmful(self) -> int:
        """Sign of a harmful change: +1 a rise, -1 a fall."""
        return -1 if self.better == "higher" else 1

    @property
    def column(self) -> str:
        """The heading of its column in tables."""
        return self.heading or self.label[:1].upper() + self.label[1:]


QUANTITIES = Registry("keepfaith.statistics.quantities", "QUANTITY", Quantity, "quantity")
"""All quantities by name."""


def ordered_quantities() -> dict[str, Quantity]:
    """All quantities by name, in the order in which they are shown."""
    found = QUANTITIES.all()
    return dict(sorted(found.items(), key=lambda item: (item[1].position, item[0])))


def judged_quantities() -> dict[str, Quantity]:
    """Those that have a margin, in the order in which they are judged."""
    return {name: of for name, of in ordered_quantities().items() if of.margin is not None}
