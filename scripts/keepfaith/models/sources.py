"""A checked local folder of a model, and the manifest that describes it."""

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from keepfaith.artifacts.atomic import write_text
from keepfaith.config.errors import ConfigError
from keepfaith.config.model_files import CONFIG, model_files
from keepfaith.config.model_folder import (
    check_model_folder,
    layer_count,
    read_configuration,
)
from keepfaith.config.shipped import BUILTIN_CHECKPOINT
from keepfaith.models.asked_tokens import note_other_special_tokens
from keepfaith.models.checkpoint import check_checkpoint
from keepfaith.models.errors import LoadingError
from keepfaith.models.loading import check_generation, load_tokenizer
from keepfaith.models.positions import longest_input
from keepfaith.models.slim import read_config

SHIPPED = "builtin"
"""Source of the model that ships with keepfaith."""


class ModelError(Exception):
    """A model cannot be used: one sentence, with what to do about it."""


class ModelManifest(BaseModel):
    """Description of a prepared model for the rules, with the digest of each of its files.

    The folder of the shipped model is not written: `read` fills in that of the running keepfaith, so that results stay
    valid when the project or its keepfaith moves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    name: str
    folder: str
    source: str
    revision: str | None
    model_type: str
    layers: int
    vocabulary: int
    context_length: int | None
    files: dict[str, str]

    @property
    def identity(self) -> dict[str, str | None]:
        """What distinguishes this model from another, for the provenance of artifacts."""
        return {
            "name": self.name,
            "source": self.source,
            "revision": self.revision,
            "files": self.digest,
        }

    @property
    def digest(self) -> str:
        """One digest of all files."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()

    @property
    def computing_files(self) -> dict[str, str]:
        """The digests of the files that say what the model computes: its configuration and its weights."""
        return {
            name: digest
            for name, digest in self.files.items()
            if name == CONFIG or name.endswith(".safetensors")
        }

    def write(self, path: Path) -> None:
        """Write as JSON, atomically."""
        written = self.model_copy(update={"folder": ""}) if self.source == SHIPPED else self
        write_text(path, written.model_dump_json(indent=2) + "\n")

    @staticmethod
    def read(path: Path) -> "ModelManifest":
        found = ModelManifest.model_validate_json(Path(path).read_text(encoding="utf-8"))
        return (
            found.model_copy(update={"folder": str(BUILTIN_CHECKPOINT)})
            if found.source == SHIPPED
            else found
        )


def prepare_folder(
    name: str,
    folder: Path,
    source: str = "local",
    revision: str | None = None,
    exported: bool = False,
) -> ModelManifest:
    """Check a local model folder and that its files agree, and describe it.

    Args:
        name: the model's name.
        folder: the folder.
        source, revision: where it comes from.
        exported: as for `check_model_folder`.

    Raises:
        ModelError: a file is missing or broken, or config.json, weights and tokenizer are not of one model.
    """
    folder = Path(folder)
    try:
        check_model_folder(f"model {name}", folder, exported)
        configuration = read_configuration(f"model {name}", folder)
        check_checkpoint(folder)
        note_other_special_tokens(folder, load_tokenizer(folder))
        check_generation(folder)
    except ConfigError as error:
        raise ModelError(str(error)) from error
    except LoadingError as error:
        raise ModelError(f"model {name}: {error}") from error
    text = read_config(folder).get_text_config(decoder=True)
    return ModelManifest(
        name=name,
        folder=str(folder),
        source=source,
        revision=revision,
        model_type=str(configuration["model_type"]),
        layers=layer_count(f"model {name}", folder),
        vocabulary=int(text.vocab_size),
        context_length=longest_input(text),
        files={path.name: sha256(path) for path in model_files(folder)},
    )


def sha256(path: Path) -> str:
    """Hexadecimal digest of a file's content."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
