"""The files of a model by name: which belong to it, and which are missing.

Local folders and repositories of the hub pass the same checks with the same messages; on the hub, the message also
says how to fetch the files so that they can be corrected.
"""

import json
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from keepfaith.config.adapters import adapters_beside, is_adapter, merge_adapter, two_models_of

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
CHAT_TEMPLATE = "chat_template.jinja"

MODEL_FILES = (
    "*.safetensors",
    "*.safetensors.index.json",
    CONFIG,
    "generation_config.json",
    "tokenizer*",
    CHAT_TEMPLATE,
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
)
OTHER_FORMATS = "consolidated*"
"""Copies of the weights, for other loaders."""

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")

OTHER_TOKENIZERS = ("*.model", "*.tiktoken", "vocab.json", "vocab.txt", "merges.txt", "tekken.json")
"""Files that a tokenizer can be made from. They do not replace `TOKENIZER`: the class that reads them decides how a
text is split, and gives no character offsets of tokens."""


def is_model_file(name: str) -> bool:
    """Whether a file of this name belongs to a model."""
    return not fnmatch(name, OTHER_FORMATS) and any(fnmatch(name, kind) for kind in MODEL_FILES)


def model_files(folder: Path) -> list[Path]:
    """The files of a folder that belong to a model; a change of one re-runs the jobs of the model."""
    return sorted(path for path in folder.glob("*") if path.is_file() and is_model_file(path.name))


@dataclass(frozen=True)
class FileListing:
    """The names of a model's files, and the words for them in messages.

    Attributes:
        names: names of all files, without subfolders.
        origin: the folder, or the repository and its revision.
        source: the argument of `from_pretrained` that reads them.
        folder: local folder in which they can be corrected.
        fetch: what to type before that, where they are on the hub.
    """

    names: tuple[str, ...]
    origin: str
    source: str
    folder: str
    fetch: str = ""

    @classmethod
    def of_folder(cls, folder: Path) -> "FileListing":
        """The files of a local folder."""
        names = tuple(sorted(path.name for path in folder.iterdir() if path.is_file()))
        return cls(names, str(folder), source=str(folder), folder=str(folder))

    @property
    def _finally(self) -> str:
        return f", and name {self.folder} as a local model" if self.fetch else ""

    def no_model(self) -> str | None:
        """Why these files are not a complete model of transformers, with advice; None where they may be one."""
        if is_adapter(list(self.names)):
            as_local = " as a local model" if self.fetch else ""
            return f"{self.origin} {merge_adapter(self.source)}{as_local}"
        if beside := adapters_beside(list(self.names)):
            fetch = "; fetch it into a folder, and name that as a local model" if self.fetch else ""
            return f"{self.origin} {two_models_of(beside)}{fetch}"
        if CONFIG not in self.names:
            return f"{self.origin} has no {CONFIG}; name a model that save_pretrained of transformers wrote"
        return None

    def no_weights(self) -> str | None:
        """Why there are no readable weights; None where there are some."""
        if any(name.endswith(".safetensors") for name in self.names):
            return None
        pickles = [name for name in self.names if Path(name).suffix in PICKLES]
        found = f"only {pickles[0]}, which may run code on loading" if pickles else "no weights"
        other = "name a revision or repository with *.safetensors, or " if self.fetch else ""
        return (
            f"{self.origin} holds {found}; {other}{self.fetch}save it with save_pretrained, which writes "
            f"model.safetensors{self._finally}"
        )

    def no_tokenizer(self, configuration: Path) -> str | None:
        """Why the tokenizer cannot be read; None where `TOKENIZER` is present.

        Args:
            configuration: the model's tokenizer_config.json on disk, where it has one.
        """
        if TOKENIZER in self.names:
            return None
        lack = f"{self.origin} has no {TOKENIZER}"
        if _asks_for_code(configuration):
            return (
                f"{lack}, and {TOKENIZER_CONFIG} asks to run its own code (auto_map); use a model whose tokenizer "
                "transformers knows"
            )
        others = [
            name for name in self.names if any(fnmatch(name, kind) for kind in OTHER_TOKENIZERS)
        ]
        if not others:
            return f"{lack}; save the tokenizer into the same folder{self._finally}"
        return (
            f"{lack}, only {' and '.join(sorted(others))}; {self.fetch}load and save it with transformers once: "
            f"AutoTokenizer.from_pretrained('{self.folder}').save_pretrained('{self.folder}'){self._finally}"
        )


def _asks_for_code(configuration: Path) -> bool:
    try:
        content = json.loads(configuration.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError):
        return False
    return isinstance(content, dict) and bool(content.get("auto_map"))
