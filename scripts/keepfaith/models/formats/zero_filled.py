"""Export with all shapes as before and the dropped weights set to zero: loads anywhere, saves no memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keepfaith.plugins.export_format import ExportFormat

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from keepfaith.models.components import Step

_USAGE = """All shapes are those of the dense model, the dropped weights are zero: it loads anywhere and saves
neither memory nor time.

    from transformers import AutoModelForCausalLM
    model = AutoModelForCausalLM.from_pretrained(folder)
"""


def _write(folder: Path | str, dropped: "Sequence[Step]", target: Path, dtype: str) -> None:
    import torch

    from keepfaith.models.components import sublayers_of
    from keepfaith.models.loading import load_model
    from keepfaith.models.removal import PrunableModel

    model = load_model(folder, dtype, "cpu")
    toggles = PrunableModel(model).toggles
    with torch.no_grad():
        for sublayer in sublayers_of(dropped):
            for parameter in toggles[sublayer].module.parameters():
                parameter.zero_()
    for toggle in toggles.values():
        toggle.uninstall()
    model.save_pretrained(target)


def _load(folder: Path, dtype: str) -> "PreTrainedModel":
    """Load it with transformers alone."""
    from transformers import AutoModelForCausalLM

    from keepfaith.models.loading import as_dtype

    load: Any = AutoModelForCausalLM.from_pretrained
    model: PreTrainedModel = load(
        str(folder), dtype=as_dtype(dtype), local_files_only=True, use_safetensors=True
    ).eval()
    return model


FORMAT = ExportFormat(
    description="all shapes as before, loads anywhere, saves nothing",
    model_types=None,
    usage=_USAGE,
    checked="loaded with transformers alone",
    write=_write,
    load=_load,
)
