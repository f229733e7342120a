"""Transfer of one file from the hub: it resumes where it stopped, and its checksum is verified."""

import fcntl
import hashlib
import logging
import os
import re
from pathlib import Path
from typing import Self

from huggingface_hub import HfFileMetadata
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

from keepfaith.artifacts.progress import Progress
from keepfaith.hub.errors import Damaged

logger = logging.getLogger(__name__)

CHECKSUM = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""Checksums of the hub: the git object id of a plain file, the sha256 of a large (LFS) one."""


def checksum(path: Path, like: str) -> str:
    """Checksum of a file's content, of the same kind as `like`."""
    with path.open("rb") as handle:
        if len(like) == 64:
            return hashlib.file_digest(handle, "sha256").hexdigest()
        # Git's object id is the SHA-1 of a short header and the content.
        start = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
        return hashlib.file_digest(handle, lambda: start).hexdigest()


class _Log:
    """Replacement of the client's progress bar: the job's log, with the time left."""

    def __init__(self, total: int, initial: int = 0, **_: object) -> None:
        self._progress = Progress(total - initial, "bytes", logger, quiet=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, amount: int) -> None:
        self._progress.advance(amount)


def receive(url: str, blob: Path, metadata: HfFileMetadata) -> None:
    """Fetch the content of `url` into the file `blob`, whose name is its checksum.

    Bytes are kept in `<blob>.incomplete` until their checksum is verified, so a transfer that was interrupted, by a
    fault or by a kill, resumes after the bytes received. (The client itself restarts a file in each process.)

    Raises:
        Damaged: the content arrived twice with a wrong checksum; nothing of it is kept.
    """
    expected = blob.name
    if blob.is_file() and checksum(blob, expected) == expected:
        return
    blob.unlink(missing_ok=True)
    blob.parent.mkdir(parents=True, exist_ok=True)
    incomplete = blob.with_name(f"{expected}.incomplete")
    # Sizes and ranges are those of the file itself only where the hub does not compress it.
    headers = build_hf_headers() | {"Accept-Encoding": "identity"}
    with incomplete.open("ab") as handle:
        # Of two processes that fetch the same file, the second waits, then finds it.
        fcntl.flock(handle, fcntl.LOCK_EX)
        if blob.is_file():
            return
        for _ in range(2):
            size = handle.seek(0, os.SEEK_END)
            if metadata.size is not None and size > metadata.size:
                size = handle.truncate(0)
            if size:
                logger.info("%s: resuming after %d bytes", url, size)
            http_get(
                url,
                handle,
                resume_size=size,
                headers=headers,
                expected_size=metadata.size,
                tqdm_class=_Log,
            )
            handle.flush()
            found = checksum(incomplete, expected)
            if found == expected:
                incomplete.replace(blob)
                return
            logger.warning("%s arrived as %s and is fetched again", expected, found)
            handle.truncate(0)
    raise Damaged(
        f"{url} arrived damaged, twice: its checksum is {found[:12]}..., the hub announces {expected[:12]}...; "
        "look for a proxy that changes files, or run the same command later"
    )
