"""Export without the weights of what was dropped; loads through `keepfaith.models.loading`, without remote code.

Other loaders refuse the folder by name, since they would fill the gaps at random (see `models.slim`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keepfaith.config.model_folder import SLIM_VARIANT
from keepfaith.plugins.export_format import ExportFormat

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from keepfaith.models.components import Step

_USAGE = """This folder lacks the weights of what was dropped. Other loaders would fill them at random, so the
folder names a model type that they refuse. Load it with keepfaith installed (`pip install .` in its folder):

    from keepfaith.models.loading import load_model, load_tokenizer
    model, tokenizer = load_model(folder), load_tokenizer(folder)
"""


def _write(folder: Path | str, dropped: "Sequence[Step]", target: Path, dtype: str) -> None:
    from keepfaith.models.loading import load_model
    from keepfaith.models.slim import write_slim_config

    load_model(folder, dtype, "cpu", dropped).save_pretrained(target, variant=SLIM_VARIANT)
    write_slim_config(target)


def _load(folder: Path, dtype: str) -> "PreTrainedModel":
    from keepfaith.models.loading import load_model

    return load_model(folder, dtype, "cpu")


FORMAT = ExportFormat(
    description="without the dropped weights, loads through keepfaith",
    model_types=None,
    usage=_USAGE,
    checked="loaded with keepfaith",
    write=_write,
    load=_load,
)
