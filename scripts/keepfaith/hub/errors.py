"""Errors of the hub and of the network, each as one sentence that says what to type."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

WRONG_TOKEN = "Invalid credentials in Authorization header"
PASSING = (408, 429, 500, 502, 503, 504)
"""Status codes of a hub that is busy or down: the same request may succeed later."""


@dataclass(frozen=True)
class Address:
    """A repository of the hub at a revision, as the configuration writes it."""

    kind: Literal["model", "dataset"]
    repository: str
    revision: str

    @property
    def page(self) -> str:
        """Its web page."""
        prefix = "datasets/" if self.kind == "dataset" else ""
        return f"{constants.ENDPOINT}/{prefix}{self.repository}"

    @property
    def noun(self) -> str:
        return "data set" if self.kind == "dataset" else "model"

    def __str__(self) -> str:
        return f"{self.repository} at {self.revision}"


class HubError(Exception):
    """A repository cannot be used: one line with advice."""

    def __init__(self, sentence: str) -> None:
        super().__init__(" ".join(sentence.split()))


class Unreachable(HubError):
    """The network or the hub failed, the name may be correct: worth another attempt."""


class Damaged(HubError):
    """The received content is not that which the hub announces."""


def refusal(address: Address, error: Exception) -> HubError | None:
    """The sentence for an error of the client library; None for an error that is not about the hub."""
    for cause in _causes(error):
        if found := _refusal(address, cause):
            return found
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes, the innermost first, as that one names the reason."""
    if error is not None:
        yield from _causes(error.__cause__)
        yield error


def _refusal(address: Address, error: BaseException) -> HubError | None:
    match error:
        case OfflineModeIsEnabled():
            return HubError(
                f"HF_HUB_OFFLINE is set, but {address} is not complete in the cache {constants.HF_HUB_CACHE}; "
                "run the same command once without HF_HUB_OFFLINE and with a network"
            )
        case GatedRepoError(response=response) if response.status_code == 403:
            return HubError(
                f"{address.repository} is gated and the account of your token has no access; accept the licence at "
                f"{address.page} with that account, then run the same command again"
            )
        case GatedRepoError():
            return HubError(
                f"{address.repository} is gated; accept the licence at {address.page}, then type "
                "`hf auth login` or set HF_TOKEN"
            )
        case RevisionNotFoundError():
            return HubError(
                f"{address.repository} has no revision {address.revision}; choose one of "
                f"{address.page}/commits/main and type it as revision"
            )
        case RepositoryNotFoundError():
            return HubError(
                f"the hub has no {address.noun} {address.repository} that you may see; correct its name, or if it "
                "is private type `hf auth login` or set HF_TOKEN"
            )
        case DisabledRepoError():
            return HubError(f"{address.repository} is disabled on the hub; choose another")
        case HfHubHTTPError(response=response):
            return _answer(
                address, response.status_code, response.headers.get("X-Error-Message", "")
            )
        case httpx2.RequestError():
            return Unreachable(
                f"the hub at {constants.ENDPOINT} cannot be reached ({type(error).__name__}: {error}); check the "
                "network and HTTPS_PROXY, or set HF_HUB_OFFLINE=1 and HF_HOME to a cache that holds "
                f"{address}"
            )
        case OSError() if "Consistency check failed" in str(error):
            return Unreachable(
                f"a file of {address} arrived cut short; run the same command again, it resumes where it stopped"
            )
    return None


def _answer(address: Address, status: int, message: str) -> HubError:
    if status == 401 and message == WRONG_TOKEN:
        return HubError(
            "the hub does not know your token; type `hf auth login` with a new one, or correct or unset HF_TOKEN"
        )
    if status in PASSING:
        return Unreachable(
            f"the hub answers {status} for {address}; run the same command later, received data are kept"
        )
    return HubError(
        f"the hub answers {status} for {address} ({message or 'no reason given'}); look at {address.page}"
    )
