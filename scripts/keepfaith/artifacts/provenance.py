"""Provenance of an artifact: everything needed to check or repeat it, and nothing that differs between equal runs."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "datasets",
    "polars",
    "numpy",
    "scipy",
    "scikit-learn",
)


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that can change a number; read without importing them."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def joined(*slices: Mapping[str, object]) -> dict[str, object]:
    """Slices of the configuration as one mapping.

    Raises:
        ValueError: two slices have the same key, so that one would hide the value of the other.
    """
    found: dict[str, object] = {}
    for each in slices:
        if twice := sorted(found.keys() & each.keys()):
            raise ValueError(f"provenance: {twice[0]!r} is in two slices; nest one of them")
        found.update(each)
    return found


@dataclass(frozen=True)
class Provenance:
    """The origin of one artifact; stored inside it.

    `settings` holds the config values that the rule received, seeds included; `measured` holds values found by the job,
    such as the final batch size. No time stamp: equal runs write equal bytes.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    measured: Mapping[str, object] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=package_versions)

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> "Provenance":
        return Provenance(**json.loads(text))
