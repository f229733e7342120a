"""Formats of pruned checkpoints.

Their modules are imported where settings are listed, so torch and transformers are imported in the functions that write
and load.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keepfaith.plugins.registry import Registry

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from keepfaith.models.components import Step


class UnsuitableModelError(Exception):
    """The format cannot represent the model or the dropped components; `str()` is one line."""

    def __init__(self, format: str, why: str) -> None:
        of_all = [
            f"[{name}]" for name, other in EXPORT_FORMATS.all().items() if not other.model_types
        ]
        super().__init__(
            f"the format {format} cannot hold this model: it {why}; type export.formats: {' or '.join(of_all)}"
        )


@dataclass(frozen=True)
class ExportFormat:
    """A format in which a pruned model is written to a folder.

    Attributes:
        description: its purpose, in half a sentence, for the page of options.
        model_types: model types of `config.json` that it supports; None where it supports all.
        usage: lines of the model card that say how to load the folder, in Markdown.
        checked: a sentence of the model card: how the written folder was loaded and compared.
        write: writes weights and configuration of the model in a dense folder, without the dropped components, to a new
            folder, in a dtype (auto: as the dense configuration says). Raises `UnsuitableModelError`.
        load: loads such a folder in a dtype, as its users do; its logits are compared with those of the pruned model
            in memory.
    """

    description: str
    model_types: tuple[str, ...] | None
    usage: str
    checked: str
    write: "Callable[[Path | str, Sequence[Step], Path, str], None]"
    load: "Callable[[Path, str], PreTrainedModel]"


EXPORT_FORMATS = Registry("keepfaith.models.formats", "FORMAT", ExportFormat, "export format")
