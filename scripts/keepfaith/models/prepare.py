"""Preparation of a model: from its source (hub, local folder, built-in folder) to a checked folder and its manifest."""

from pathlib import Path
from typing import Any

from keepfaith.config.errors import ConfigError
from keepfaith.config.model_files import CONFIG, TOKENIZER_CONFIG, FileListing, is_model_file
from keepfaith.config.model_folder import check_description, layer_count
from keepfaith.hub.errors import Address, HubError
from keepfaith.hub.repository import Repository, open_repository
from keepfaith.models.builtin import CHECKPOINT
from keepfaith.models.sources import SHIPPED, ModelError, ModelManifest, prepare_folder


def prepare_model(name: str, source: dict[str, Any]) -> ModelManifest:
    """Prepare a model from a `hub`, `local` or `builtin` source of the configuration.

    Args:
        name: the model's name in the catalog.
        source: `kind` and its fields.

    Raises:
        ModelError: see `prepare_hub` and `prepare_folder`; also for another kind of source.
    """
    match source["kind"]:
        case "hub":
            return prepare_hub(name, source["repository"], source["revision"], source["layers"])
        case "local":
            return prepare_folder(name, Path(source["path"]))
        case "builtin":
            return prepare_folder(name, CHECKPOINT, source=SHIPPED)
        case kind:
            raise ModelError(f"model {name}: a source of kind {kind} is trained, not prepared")


def prepare_hub(
    name: str, repository: str, revision: str, layers: int | None, exported: bool = False
) -> ModelManifest:
    """Fetch the safetensors, configuration and tokenizer of a hub model; nothing else is fetched.

    Args:
        name: the model's name in the catalog.
        repository: owner/name.
        revision: a commit, tag or branch.
        layers: number of layers according to the catalog; None where it names none.
        exported: as for `check_model_folder`.

    Raises:
        ModelError: the repository or revision is not available, it holds no complete model (no safetensors or damaged
            ones, no tokenizer.json, an adapter), its files are not of one model, or it has another number of layers.
    """
    address = Address("model", repository, revision)
    try:
        opened = open_repository(address)
        # Subfolders hold other formats of the same weights.
        paths = tuple(path for path in opened.paths if "/" not in path)
        # Before anything large is fetched.
        _check_files(name, opened, paths, layers, exported)
        for path in filter(is_model_file, paths):
            folder = opened.fetch(path).parent
    except HubError as error:
        raise ModelError(f"model {name}: {error}") from error
    except ConfigError as error:
        raise _on_the_hub(error, address) from error
    try:
        return prepare_folder(
            name, folder, source=f"hub:{repository}", revision=opened.commit, exported=exported
        )
    except ModelError as error:
        raise _on_the_hub(error, address) from error


def _on_the_hub(error: Exception, address: Address) -> ModelError:
    """The error with advice for files that the user cannot correct."""
    return ModelError(f"{error} ({address} is so on the hub: name another revision or repository)")


def _listing(address: Address, names: tuple[str, ...]) -> FileListing:
    fetch = f"fetch it with `hf download {address.repository} --revision {address.revision} --local-dir FOLDER`, "
    return FileListing(names, str(address), source=address.repository, folder="FOLDER", fetch=fetch)


def _check_files(
    name: str, opened: Repository, paths: tuple[str, ...], layers: int | None, exported: bool
) -> None:
    """Check the names of the files, and the content of the small ones."""
    listing = _listing(opened.address, paths)
    if problem := listing.no_model() or listing.no_weights():
        raise ModelError(f"model {name}: {problem}")
    _check_layers(name, opened, layers, exported)
    configuration = Path(TOKENIZER_CONFIG)
    if TOKENIZER_CONFIG in paths:
        configuration = opened.fetch(TOKENIZER_CONFIG)
    if problem := listing.no_tokenizer(configuration):
        raise ModelError(f"model {name}: {problem}")


def _check_layers(name: str, opened: Repository, layers: int | None, exported: bool) -> None:
    folder = opened.fetch(CONFIG).parent
    check_description(f"model {name}", folder, exported)
    found = layer_count(f"model {name}", folder)
    if layers is not None and found != layers:
        raise ModelError(
            f"model {name}: source.layers is {layers}, but {opened.address} has {found} layers; type {found}"
        )
