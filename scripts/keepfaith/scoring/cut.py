"""The note for readers on prompts that are cut; without torch, as it is written long after the model has run."""

from collections.abc import Mapping


def cut_notes(counts: Mapping[str, int]) -> list[str]:
    """A note for readers on prompts that are cut; empty if none is.

    >>> cut_notes({"evaluated": 90, "cut": 0, "rationales": 0, "rationales_cut": 0})
    []
    """
    if not counts.get("cut"):
        return []
    lost = (
        f" {counts['rationales_cut']} of {counts['rationales']} rationales lie in what is cut, wholly or in part."
        if counts["rationales"]
        else ""
    )
    return [
        f"{counts['cut']} of {counts['evaluated']} prompts are longer than this model admits and are cut at "
        f"their start (scoring.over_long: cut_left).{lost}"
    ]
