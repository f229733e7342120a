"""A user's folder of YAML files for lm-evaluation-harness.

The harness leaves out a file that it cannot read, and the second of two files that define one task, without a word; a
task of its own with the same name would then be asked in place of the user's.
"""

from functools import cache
from pathlib import Path

from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import TaskIndex
from lm_eval.tasks._yaml_loader import load_yaml

from keepfaith.config.errors import nearest
from keepfaith.tasks.harness_groups import HarnessError


@cache
def tasks_of_folder(folder: str, wanted: str) -> TaskManager:
    """The tasks of a folder alone, `wanted` among them.

    Raises:
        HarnessError: a YAML file cannot be read, two define one task, or none defines `wanted`.
    """
    defined: dict[str, Path] = {}
    for path in TaskIndex._iter_yaml_files(Path(folder)):
        try:
            content = load_yaml(path, resolve_func=False)
        except Exception as error:  # what a file includes may raise anything
            message = " ".join(str(error).split())
            raise HarnessError(
                f"{path} cannot be read ({message}); correct it, or move it away"
            ) from error
        name = content.get("group") or content.get("task")
        if not isinstance(name, str):
            continue  # what others include
        if name in defined:
            raise HarnessError(
                f"{path} and {defined[name]} both define {name!r}; rename one, or move it away"
            )
        defined[name] = path
    manager = TaskManager(include_path=folder, include_defaults=False)
    if wanted not in manager.task_index:
        raise HarnessError(
            f"no file *.yaml in {folder} defines {wanted!r}{nearest(wanted, manager.task_index)}; correct task, or "
            "leave include_path out for a task of the harness"
        )
    return manager
