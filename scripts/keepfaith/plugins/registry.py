"""Registry of plug-ins by name: a plug-in is a module of a package that declares itself in one constant."""

import importlib
import os
import pkgutil
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """The plug-ins of one kind: a new module in `package` is a new plug-in, without any other edit.

    Where a registry is made, `package` is written as a string: `artifacts.code_references` reads from it which files
    a job depends on.

    Attributes:
        package: dotted name of the package whose modules are the plug-ins.
        constant: name of the module-level constant in which a plug-in declares itself.
        declaration: type of that constant.
        noun: word for a plug-in in messages.

    Examples:
        >>> from keepfaith.plugins.method import METHODS
        >>> "lime" in METHODS.names()
        True
        >>> METHODS.load("lime").label
        'LIME'
        >>> METHODS.files("lime")
        ['keepfaith/attribution/methods/lime.py']
    """

    package: str
    constant: str
    declaration: type[T]
    noun: str

    def names(self) -> tuple[str, ...]:
        """Names of all plug-ins, sorted; no plug-in is imported."""
        folders = importlib.import_module(self.package).__path__
        found = (_modules(folder, *os.listdir(folder)) for folder in folders)  # noqa: PTH208
        return tuple(sorted({name for names in found for name in names}))

    def load(self, name: str) -> T:
        """The declaration of the plug-in `name`.

        Raises:
            ValueError: there is no such plug-in; the message names the nearest one and lists all.
            TypeError: its module does not declare itself as this kind of plug-in.
        """
        names = self.names()
        if name not in names:
            near = get_close_matches(name, names, n=1)
            meant = f", did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"no {self.noun} {name!r}{meant} There are {', '.join(names)}")
        module = importlib.import_module(f"{self.package}.{name}")
        declared = getattr(module, self.constant, None)
        if not isinstance(declared, self.declaration):
            raise TypeError(
                f"{self.noun} {name!r}: {self.files(name)[0]} must define {self.constant}, a "
                f"{self.declaration.__name__}"
            )
        return declared

    def all(self) -> dict[str, T]:
        """Every declaration by name."""
        return {name: self.load(name) for name in self.names()}

    def files(self, *names: str) -> list[str]:
        """Paths of plug-ins relative to the parent folder of `keepfaith`; of all where none is named.

        The rules pass them to `artifacts.code_digest`: a job depends on the plug-ins that it uses.
        """
        folder = self.package.replace(".", "/")
        return [f"{folder}/{name}.py" for name in names or self.names()]


@cache
def _modules(folder: str, *files: str) -> tuple[str, ...]:
    """Names of the modules in a folder that holds `files`: told once, as a report asks for thousands of labels."""
    names = [module.name for module in pkgutil.iter_modules([folder])]
    return tuple(name for name in names if not name.startswith("_"))
