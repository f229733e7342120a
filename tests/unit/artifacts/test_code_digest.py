"""The code digest changes with every file that a script runs, however it is loaded, and with no other."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from keepfaith.artifacts import code_digest as code_digest_module
from keepfaith.artifacts.code_digest import CodeDigestError, code_digest, code_files
from keepfaith.artifacts.code_references import References, read_references

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
PACKAGE = SCRIPTS / "keepfaith"

FILES = {
    "predict.py": "from keepfaith.scoring.predict import predict",
    "keepfaith/__init__.py": "",
    "keepfaith/scoring/__init__.py": "",
    "keepfaith/scoring/predict.py": "from keepfaith.scoring import batches\nimport numpy",
    "keepfaith/scoring/batches.py": "import keepfaith.artifacts.tables",
    "keepfaith/artifacts/tables.py": "from . import schemas\nfrom .schemas import ALL",
    "keepfaith/artifacts/schemas.py": "ALL = {}",
    "keepfaith/figures/style.py": "COLOUR = 'blue'",
}

WALK = "import pkgutil\nNAMES = [m.name for m in pkgutil.iter_modules(__path__)]"
"""A package that loads all its modules by name."""

REGISTRY = """
import importlib
import pkgutil
from keepfaith.orders import criteria as plugins

def load(name):
    assert name in [module.name for module in pkgutil.iter_modules(plugins.__path__)]
    return importlib.import_module(f"{plugins.__name__}.{name}")
"""
"""A module that loads one module of another package by name."""

PLUGINS = {
    "rank.py": "from keepfaith.orders import registry",
    "keepfaith/__init__.py": "",
    "keepfaith/orders/__init__.py": "",
    "keepfaith/orders/registry.py": REGISTRY,
    "keepfaith/orders/criteria/__init__.py": "",
    "keepfaith/orders/criteria/cosine.py": "from keepfaith.orders import stream",
    "keepfaith/orders/criteria/greedy.py": "",
    "keepfaith/orders/stream.py": "",
}

GENERIC = """
import importlib
import pkgutil

def names(package):
    return [m.name for m in pkgutil.iter_modules(importlib.import_module(package).__path__)]
"""
"""The module that loads what other modules name; the digest knows it by its path."""

LOADED_BY_NAME = re.compile(
    r'Registry\(\s*"(?P<package>[\w.]+)"|(?:iter_modules|walk_packages)\((?:(?P<beside>\w+)\.)?__path__'
)
"""How the package writes that it loads modules by name."""

Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files into a folder of their own."""

    def into(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "scripts"
        shutil.rmtree(folder, ignore_errors=True)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        return folder

    return into


@pytest.mark.parametrize("path", [path for path in FILES if "figures" not in path])
def test_an_edit_of_an_imported_file_changes_it(path: str, write: Write) -> None:
    before = code_digest(["predict.py"], write(FILES))
    after = code_digest(["predict.py"], write({**FILES, path: FILES[path] + "\n# edited"}))
    assert after != before


def test_an_edit_elsewhere_does_not(write: Write) -> None:
    before = code_digest(["predict.py"], write(FILES))
    edited = {**FILES, "keepfaith/figures/style.py": "COLOUR = 'red'"}
    assert code_digest(["predict.py"], write(edited)) == before


def test_circular_imports_end(write: Write) -> None:
    files = {**FILES, "keepfaith/artifacts/tables.py": "import keepfaith.scoring.predict"}
    assert len(code_digest(["predict.py"], write(files))) == 64


def test_a_missing_root_is_an_error(write: Write) -> None:
    with pytest.raises(FileNotFoundError, match=r"absent\.py"):
        code_digest(["absent.py"], write(FILES))


@pytest.mark.parametrize(
    "walk",
    [
        WALK,
        WALK.replace("pkgutil.iter_modules(__path__)", "pkgutil.walk_packages(path=__path__)"),
        "from pkgutil import iter_modules\nNAMES = list(iter_modules(__path__))",
        "import pkgutil\nimport keepfaith.metrics\nlist(pkgutil.iter_modules(keepfaith.metrics.__path__))",
        "import pkgutil\nfrom .. import metrics as m\nlist(pkgutil.iter_modules(m.__path__))",
    ],
)
def test_a_package_that_loads_its_modules_by_name_depends_on_all_of_them(
    walk: str, write: Write
) -> None:
    files = {
        "compute.py": "import keepfaith.metrics",
        "keepfaith/__init__.py": "",
        "keepfaith/metrics/__init__.py": walk,
        "keepfaith/metrics/ece.py": "from keepfaith import bins",
        "keepfaith/metrics/deep/__init__.py": "",
        "keepfaith/metrics/deep/aurc.py": "",
        "keepfaith/bins.py": "",
        "keepfaith/other.py": "",
    }
    expected = sorted(set(files) - {"keepfaith/other.py"})
    assert code_files(["compute.py"], write(files)) == expected
    added = {**files, "keepfaith/metrics/new.py": ""}
    assert code_files(["compute.py"], write(added)) == sorted(
        [*expected, "keepfaith/metrics/new.py"]
    )


def test_files_that_no_loader_sees_do_not_count(write: Write) -> None:
    files = {"a.py": "import metrics", "metrics/__init__.py": WALK, "metrics/ece.py": ""}
    left_behind = {"metrics/.#ece.py": "", "metrics/ece.py~": "", "metrics/__pycache__/ece.py": ""}
    before = code_digest(["a.py"], write(files))
    assert code_digest(["a.py"], write({**files, **left_behind})) == before


def test_a_job_that_chose_one_module_depends_on_that_one(write: Write) -> None:
    chosen = "keepfaith/orders/criteria/cosine.py"
    found = code_files(["rank.py", chosen], write(PLUGINS))
    assert chosen in found
    assert "keepfaith/orders/stream.py" in found
    assert "keepfaith/orders/criteria/greedy.py" not in found


def test_a_job_that_chose_none_depends_on_all(write: Write) -> None:
    assert code_files(["rank.py"], write(PLUGINS)) == sorted(PLUGINS)


@pytest.mark.parametrize(
    "call",
    [
        'Registry("keepfaith.orders.criteria", "CRITERION")',
        'registry.Registry(package="keepfaith.orders.criteria", constant="CRITERION")',
    ],
)
def test_the_package_of_a_registry_is_read_where_it_is_made(call: str, write: Write) -> None:
    files = {
        **PLUGINS,
        "keepfaith/orders/registry.py": f"from keepfaith.plugins.registry import Registry\nCRITERIA = {call}",
        "keepfaith/plugins/__init__.py": "",
        "keepfaith/plugins/registry.py": GENERIC,
    }
    assert code_files(["rank.py"], write(files)) == sorted(files)
    chosen = "keepfaith/orders/criteria/cosine.py"
    assert code_files(["rank.py", chosen], write(files)) == sorted(
        set(files) - {"keepfaith/orders/criteria/greedy.py"}
    )


def test_imports_for_type_checkers_alone_do_not_count(write: Write) -> None:
    text = (
        "import typing\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import b\nelse:\n    import c\n"
        "if typing.TYPE_CHECKING:\n    import b\n"
        "if not TYPE_CHECKING:\n    import d"
    )
    files = {"a.py": text, "b.py": "", "c.py": "", "d.py": ""}
    assert code_files(["a.py"], write(files)) == ["a.py", "c.py", "d.py"]


@pytest.mark.parametrize(
    "start",
    [
        'subprocess.run([sys.executable, "-m", "keepfaith.level"])',
        'os.system("python -m keepfaith.level")',
        'importlib.import_module("keepfaith.level")',
    ],
)
def test_a_module_named_in_a_string_counts(start: str, write: Write) -> None:
    files = {
        "a.py": start,
        "keepfaith/level.py": "import keepfaith.memory",
        "keepfaith/memory.py": "",
    }
    assert code_files(["a.py"], write(files)) == sorted(files)


@pytest.mark.parametrize(
    "text",
    ['F = Path(__file__).parent / "templates"', "import keepfaith.report as r\nF = r.__file__"],
)
def test_data_beside_a_module_that_asks_where_it_is_counts(text: str, write: Write) -> None:
    files = {
        "a.py": "import keepfaith.report.page",
        "keepfaith/report/__init__.py": "",
        "keepfaith/report/page.py": text,
        "keepfaith/report/templates/page.css": "a {}",
    }
    unrelated = {"keepfaith/report/unused.py": "", "keepfaith/models/weights.bin": ""}
    assert code_files(["a.py"], write({**files, **unrelated})) == sorted(files)
    before = code_digest(["a.py"], write(files))
    edited = {**files, "keepfaith/report/templates/page.css": "b {}"}
    assert code_digest(["a.py"], write(edited)) != before


@pytest.mark.parametrize(
    "text",
    [
        "import importlib\nimportlib.import_module(f'keepfaith.metrics.{name}')",
        "from importlib import import_module\nimport_module(name, package='keepfaith')",
        "import pkgutil\nlist(pkgutil.iter_modules([folder]))",
        "import pkgutil\nlist(pkgutil.iter_modules())",
        "METHODS = Registry(package, 'METHOD')",
        "__import__('keepfaith.' + name)",
        "exec(Path(name).read_text())",
        "import runpy\nrunpy.run_path(name)",
        "from importlib.util import spec_from_file_location\nspec_from_file_location(name, name)",
    ],
)
def test_what_cannot_be_followed_is_refused(text: str, write: Write) -> None:
    with pytest.raises(CodeDigestError, match=r"^scripts/a\.py, line \d: .+; \w.+$"):
        code_digest(["a.py"], write({"a.py": text}))


def test_a_file_that_is_no_python_is_named_with_its_line(write: Write) -> None:
    files = {"a.py": "import metrics", "metrics/__init__.py": WALK, "metrics/new.py": "\ndef new(:"}
    with pytest.raises(CodeDigestError, match=r"^scripts/metrics/new\.py, line 2: no valid Python"):
        code_digest(["a.py"], write(files))


KEPT = "__pycache__/code_references.json"

DAMAGED = {
    "no JSON": lambda text: text[:100],
    "no dictionary": lambda text: "[]",
    "without files": lambda text: json.dumps({"made_by": json.loads(text)["made_by"]}),
    "files of another kind": lambda text: json.dumps(json.loads(text) | {"files": {"x": [1]}}),
    "no files": lambda text: json.dumps(json.loads(text) | {"files": []}),
}


@pytest.fixture
def known_anew(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What a process begins with; bytecode is kept."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return code_digest_module._known.cache_clear


def test_a_later_process_reads_no_file_that_is_known(
    write: Write, known_anew: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(FILES)
    digest = code_digest(["predict.py"], folder)
    read: list[str] = []

    def counted(path: str, content: bytes) -> References:
        read.append(path)
        return read_references(path, content)

    monkeypatch.setattr(code_digest_module, "read_references", counted)
    known_anew()
    assert code_digest(["predict.py"], folder) == digest
    assert read == []

    batches = folder / "keepfaith/scoring/batches.py"
    batches.write_text("import keepfaith.figures.style", encoding="utf-8")
    known_anew()
    files = code_files(["predict.py"], folder)
    assert "keepfaith/figures/style.py" in files
    assert "keepfaith/artifacts/tables.py" not in files
    assert read == ["keepfaith/scoring/batches.py", "keepfaith/figures/style.py"]


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_kept_is_read_anew_where_it_is_damaged(
    damage: str, write: Write, known_anew: Callable[[], None]
) -> None:
    folder = write(FILES)
    digest = code_digest(["predict.py"], folder)
    kept = (folder / KEPT).read_text("utf-8")
    (folder / KEPT).write_text(DAMAGED[damage](kept), encoding="utf-8")
    known_anew()
    assert code_digest(["predict.py"], folder) == digest
    assert json.loads((folder / KEPT).read_text("utf-8")) == json.loads(kept)


def test_what_another_reader_has_kept_does_not_count(
    write: Write, known_anew: Callable[[], None]
) -> None:
    folder = write(FILES)
    expected = code_files(["predict.py"], folder)
    kept = json.loads((folder / KEPT).read_text("utf-8"))
    nothing = {
        path: [digest, {"modules": [], "walked": [], "data": []}]
        for path, (digest, _) in kept["files"].items()
    }
    for made_by, files in ((kept["made_by"], ["predict.py"]), ("another", expected)):
        text = json.dumps({"made_by": made_by, "files": nothing})
        (folder / KEPT).write_text(text, encoding="utf-8")
        known_anew()
        assert code_files(["predict.py"], folder) == files


def test_nothing_is_kept_where_python_keeps_no_bytecode_or_nothing_can_be_written(
    write: Write, known_anew: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(FILES)
    (folder / "__pycache__").write_text("a file, so that no folder can be made", encoding="utf-8")
    digest = code_digest(["predict.py"], folder)
    (folder / "__pycache__").unlink()
    known_anew()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert code_digest(["predict.py"], folder) == digest
    assert not (folder / KEPT).exists()


def test_every_script_of_the_workflow_can_be_followed() -> None:
    scripts = [path.name for path in SCRIPTS.glob("*.py")]
    assert len(scripts) > 15
    for script in scripts:
        assert script in code_files([script], SCRIPTS)


def test_a_new_module_of_any_package_loaded_by_name_is_noticed_by_all_that_load_it(
    tmp_path: Path,
) -> None:
    """Packages loaded by name are found here by their text alone, not by the code under test."""
    folder = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    loaders = [
        path
        for path in PACKAGE.rglob("*.py")
        if LOADED_BY_NAME.search(path.read_text(encoding="utf-8"))
        and path.name != "code_references.py"
    ]
    assert len(loaders) >= 4
    for loader in loaders:
        plugins = _plugin_folder(loader)
        users = _users(loader)
        assert users, loader
        before = {script: code_digest([script], folder) for script in users}
        new = folder / plugins.relative_to(SCRIPTS) / "a_new_one.py"
        new.write_text("", encoding="utf-8")
        for script in users:
            assert code_digest([script], folder) != before[script], (script, loader)
        new.unlink()


def _plugin_folder(loader: Path) -> Path:
    """The folder that a loader lists: its own, or the one beside it that its text names before `__path__`."""
    found = LOADED_BY_NAME.search(loader.read_text(encoding="utf-8"))
    assert found is not None
    if package := found["package"]:
        return SCRIPTS / package.replace(".", "/")
    return loader.parent / found["beside"] if found["beside"] else loader.parent


def _users(loader: Path) -> list[str]:
    """Scripts whose files hold the loader."""
    path = loader.relative_to(SCRIPTS).as_posix()
    return [p.name for p in SCRIPTS.glob("*.py") if path in code_files([p.name], SCRIPTS)]


@pytest.mark.parametrize(
    "script",
    ["compute_metrics", "compute_imported_metrics", "draw_figures", "judge", "write_report"],
)
def test_all_modules_that_python_loads_for_a_script_are_among_its_files(script: str) -> None:
    """What a fresh interpreter has loaded after the script's own imports, against what was read off the text."""
    text = (SCRIPTS / f"{script}.py").read_text(encoding="utf-8")
    imports = text[: text.index("with job(")]
    shown = "import sys\nprint(*(m.__file__ for n, m in sys.modules.items() if n.startswith('keepfaith')))"
    result = subprocess.run(
        [sys.executable, "-c", f"{imports}\n{shown}"],
        cwd=SCRIPTS,
        env={"PYTHONPATH": str(SCRIPTS), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {Path(path).relative_to(SCRIPTS).as_posix() for path in result.stdout.split()}
    assert len(loaded) > 10
    assert loaded <= set(code_files([f"{script}.py"], SCRIPTS))
