"""What ranks a study's layers: the criterion of every order, and the text that criteria read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from keepfaith.config.catalog import entries, read_entry
from keepfaith.config.errors import ConfigError
from keepfaith.config.schema import CalibrationTextEntry, LocalText, Order, Study
from keepfaith.config.selected import (
    LOCATION,
    definition_file,
    kind_folders,
    path_below,
    require_known,
)
from keepfaith.config.settings import OrderText
from keepfaith.plugins.criterion import CRITERIA, Criterion


def order_texts(
    orders: Mapping[str, Order], study: Study, catalogs: Sequence[Path]
) -> tuple[dict[str, OrderText], tuple[str, ...]]:
    """Texts and drawn_orders of `Settings`.

    Raises:
        ConfigError: a criterion is unknown, or a text lacks or cannot be read.
    """
    criteria = {
        name: _criterion(f"{definition_file(catalogs, 'orders', name)}: criterion", order.criterion)
        for name, order in orders.items()
    }
    readers = [name for name, criterion in criteria.items() if criterion.reads_text]
    entry = _text(study, catalogs, readers)
    texts = {
        name: OrderText(
            source=entry.source,
            samples=orders[name].samples or entry.samples,
            sample_tokens=orders[name].sample_tokens or entry.sample_tokens,
            seed=orders[name].seed,
            citation=entry.citation,
        )
        for name in readers
        if entry
    }
    drawn = [name for name, found in criteria.items() if found.reads_text or found.seeded]
    return texts, tuple(drawn)


def _criterion(location: str, name: str) -> Criterion:
    require_known(location, "criterion", name, CRITERIA.names())
    try:
        return CRITERIA.load(name)
    except TypeError as error:
        raise ConfigError(location, str(error)) from error


def _text(
    study: Study, catalogs: Sequence[Path], orders: Sequence[str]
) -> CalibrationTextEntry | None:
    """The study's calibration text, its path relative to the working directory; None where no order reads it.

    Args:
        orders: the orders that read text.
    """
    location, folders = f"{LOCATION}: text", kind_folders(catalogs, "texts")
    if study.text is None and orders:
        raise ConfigError(
            location,
            f"missing; order {orders[0]!r} ranks layers on calibration text, add text: with one of "
            f"{', '.join(entries(*folders))}",
        )
    if study.text is None:
        return None
    entry = read_entry(CalibrationTextEntry, folders, study.text, location)
    if not orders or not isinstance(entry.source, LocalText):
        return entry
    path = path_below(study.folders.data, "data", entry.source.path, f"text {study.text}")
    return entry.model_copy(update={"source": entry.source.model_copy(update={"path": path})})
