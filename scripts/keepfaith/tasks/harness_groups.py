"""Groups and tags of lm-evaluation-harness: the tasks in them, and what a group changes in these."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lm_eval.api.group import GroupConfig
from lm_eval.tasks._index import Entry, Kind
from lm_eval.tasks._yaml_loader import load_yaml

from keepfaith.config.errors import nearest

_OF_GROUPS = frozenset(GroupConfig.__dataclass_fields__)
"""Keys of a group's YAML that say what the group is; all others change its tasks."""

Find = Callable[[str], Entry]
Members = dict[str, Mapping[str, Any]]
"""By name, the keys of a task's YAML that its groups change."""


class HarnessError(Exception):
    """A task of the harness cannot be read as examples: one sentence without the task."""


def group_members(entry: Entry, find: Find, changed: Mapping[str, Any] | None = None) -> Members:
    """The tasks of a group or a tag, also of the groups in it.

    Args:
        entry: the group or tag, or a task.
        find: gives the entry of a name.
        changed: what the groups around it change.

    Raises:
        HarnessError: the group defines a task in its own file, or has one that does not exist.
    """
    changed = changed or {}
    if entry.kind == Kind.TAG:
        return dict.fromkeys(sorted(entry.tags), changed)
    if entry.kind != Kind.GROUP:
        return {entry.name: changed}
    config = load_yaml(entry.yaml_path) if entry.yaml_path else dict(entry.cfg or {})
    own = {key: value for key, value in config.items() if key not in _OF_GROUPS}
    found: Members = {}
    for item in config["task"] if isinstance(config.get("task"), list) else ():
        name, more = (item, {}) if isinstance(item, str) else _named(item, entry.name)
        # As the harness merges them: what is outside has priority, except over the line of the task itself.
        found |= group_members(find(name), find, {**own, **changed, **more})
    return found


def _named(item: Mapping[str, Any], group: str) -> tuple[str, Mapping[str, Any]]:
    """Name of a member with changes of its own, and these."""
    key = "group" if "group" in item else "task"
    if not isinstance(item.get(key), str):
        raise HarnessError(
            f"the group {group} defines a group of its own in its file; give that a file, or name another group"
        )
    return item[key], {name: value for name, value in item.items() if name != key}


def chosen_member(group: str, chosen: Sequence[str], members: Members) -> str:
    """The full name of the one sub-task that is chosen.

    Raises:
        HarnessError: none is chosen, or the group does not have it.
    """
    short = [name.removeprefix(f"{group}_") for name in members]
    if len(chosen) != 1:
        raise HarnessError(
            f"{group} is a group of {len(members)} tasks; name those that you want: subtasks: [{', '.join(short)}]"
        )
    (name,) = chosen
    full = next((each for each in (name, f"{group}_{name}") if each in members), None)
    if full is None:
        raise HarnessError(f"subtasks: {group} has no {name!r}{nearest(name, short)}")
    return full
