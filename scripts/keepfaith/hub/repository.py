"""A repository of the hub at one commit: the list of its files, and each of them on disk, checked."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huggingface_hub import (
    HfApi,
    constants,
    get_cached_repo_tree,
    get_hf_file_metadata,
    hf_hub_download,
    hf_hub_url,
    snapshot_download,
)
from huggingface_hub.errors import CachedRepoTreeNotFoundError
from huggingface_hub.file_download import repo_folder_name
from huggingface_hub.utils.tqdm import disable_progress_bars

from keepfaith.hub.errors import Address, Damaged, HubError, Unreachable, refusal
from keepfaith.hub.transfer import CHECKSUM, checksum, receive

logger = logging.getLogger(__name__)
# Its lines contain signed addresses of files, which grant access like a token for a while.
logging.getLogger("httpx2").setLevel(logging.WARNING)
# It is called only for the listing, and would warn that it fetches nothing.
logging.getLogger("huggingface_hub._snapshot_download").setLevel(logging.ERROR)
disable_progress_bars()

PAUSES = (1.0, 5.0)
"""Seconds before another attempt, where the network or the hub failed."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Repository:
    """A repository at one commit, in the client's cache, which other programs share.

    Attributes:
        address: repository and revision as requested.
        commit: commit of the revision.
        paths: all its files.
    """

    address: Address
    commit: str
    paths: tuple[str, ...]

    def fetch(self, path: str) -> Path:
        """One of `paths` on disk, with the content that the hub announces.

        A complete file in the cache needs no network; a damaged one is fetched again.

        Raises:
            HubError: it cannot be fetched.
        """
        file = _storage(self.address) / "snapshots" / self.commit / path
        if file.is_file() and _whole(file):
            return file
        return _patiently(self.address, lambda: self._download(path, file))

    def _download(self, path: str, file: Path) -> Path:
        kind, repository = self.address.kind, self.address.repository
        url = hf_hub_url(repository, path, repo_type=kind, revision=self.commit)
        metadata = get_hf_file_metadata(url)
        if not CHECKSUM.fullmatch(metadata.etag or ""):
            raise HubError(
                f"{constants.ENDPOINT} announces no checksum for {path} of {self.address}; "
                "unset HF_ENDPOINT or name a mirror that does"
            )
        if file.exists() or file.is_symlink():
            logger.warning("%s is damaged and is fetched again", file)
            file.unlink()
        logger.info("fetching %s of %s", path, self.address)
        receive(url, _storage(self.address) / "blobs" / str(metadata.etag), metadata)
        # Finds the content in the cache and links it into the snapshot.
        hf_hub_download(repository, path, repo_type=kind, revision=self.commit)
        if not _whole(file):
            raise Damaged(f"{file} changed while it was fetched; run the same command again")
        return file


def open_repository(address: Address) -> Repository:
    """Look up a repository: at the hub, or in the cache where the commit is given and was listed before.

    Raises:
        HubError: there is no such repository or revision, access is denied, or the hub cannot be reached.
    """
    return _patiently(address, lambda: _open(address))


def _open(address: Address) -> Repository:
    kind, repository = address.kind, address.repository
    commit = str(
        HfApi().resolve_revision(repository, repo_type=kind, revision=address.revision).resolved
    )
    try:
        tree = get_cached_repo_tree(repository, repo_type=kind, revision=commit)
    except CachedRepoTreeNotFoundError:
        return Repository(address, commit, _list(address, commit))
    return Repository(address, commit, tuple(file.path for file in tree))


def _list(address: Address, commit: str) -> tuple[str, ...]:
    kind, repository = address.kind, address.repository
    snapshot = _storage(address) / "snapshots" / commit
    if constants.is_offline_mode() and snapshot.is_dir():
        # Fetched by an older client, which stored no listing.
        return tuple(
            str(path.relative_to(snapshot))
            for path in sorted(snapshot.rglob("*"))
            if path.is_file()
        )
    # Fails at once where the listing would retry for half a minute, and returns a repository's new name.
    name = HfApi().repo_info(repository, repo_type=kind, revision=commit, timeout=30).id
    if name != repository:
        logger.warning("%s is now called %s; type repository: %s", repository, name, name)
    snapshot_download(repository, repo_type=kind, revision=commit, allow_patterns=[])
    tree = get_cached_repo_tree(repository, repo_type=kind, revision=commit)
    return tuple(file.path for file in tree)


def _storage(address: Address) -> Path:
    folder = repo_folder_name(repo_id=address.repository, repo_type=address.kind)
    return Path(constants.HF_HUB_CACHE).expanduser().resolve() / folder


def _whole(file: Path) -> bool:
    """Whether a file of the cache has the checksum by which it is named there.

    On a file system without links, files of the cache are not named by checksum; they were checked on arrival.
    """
    expected = file.resolve().name
    return not CHECKSUM.fullmatch(expected) or checksum(file, expected) == expected


def _patiently(address: Address, action: Callable[[], Made]) -> Made:
    """Run `action`, again after a pause where the network failed; a wrong name fails at once."""
    for pause in (*PAUSES, None):
        try:
            return action()
        except HubError:
            raise
        except Exception as error:
            sentence = refusal(address, error)
            if sentence is None:
                raise
            if pause is None or not isinstance(sentence, Unreachable):
                raise sentence from error
            logger.warning("%s; another attempt in %g s", sentence, pause)
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")
