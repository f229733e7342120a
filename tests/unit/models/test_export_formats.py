"""A new export format is one file: it is written, loaded again, compared, listed and described."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_models import byte_level_tokenizer
from zoo import tiny_model

import keepfaith.models.formats
from keepfaith.config.reference import options_page
from keepfaith.models.components import Component
from keepfaith.models.export import ExportError, export
from keepfaith.plugins.export_format import EXPORT_FORMATS, UnsuitableModelError
from keepfaith.report.card import model_card

SCRIPTS = Path(keepfaith.__file__).parents[1]
ORDER = {
    "criterion": "cosine", "reverse": False, "citation": "",
    "samples": 8, "sample_tokens": 9, "seed": 0,
}  # fmt: skip

NEW_FORMAT = '''"""The slim format under another name."""

from keepfaith.models.formats import slim
from keepfaith.plugins.export_format import ExportFormat


def _write(folder, dropped, target, dtype):
    slim.FORMAT.write(folder, dropped, target, dtype)
    (target / "FORMAT").write_text("copied")


def _load(folder, dtype):
    assert (folder / "FORMAT").read_text() == "copied"
    return slim.FORMAT.load(folder, dtype)


FORMAT = ExportFormat(
    description="a copy of slim",
    model_types=("llama",),
    usage="Load it by hand.",
    checked="loaded by hand",
    write=_write,
    load=_load,
)
'''


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A format in another folder, found like those of the package."""
    package = keepfaith.models.formats
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "copied.py").write_text(NEW_FORMAT)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "formats")])
    yield "copied"
    sys.modules.pop("keepfaith.models.formats.copied", None)


def saved(family: str, path: Path) -> Path:
    tiny_model(family).save_pretrained(path)
    byte_level_tokenizer().save_pretrained(path)
    return path


def test_a_new_format_is_one_file(copied: str, tmp_path: Path):
    card = model_card("m", "hub:a/m", None, copied, 1, ["attention of layer 1"], ORDER, None, [])
    export(saved("llama", tmp_path / "dense"), [Component(1)], tmp_path / "out", copied, card=card)
    assert (tmp_path / "out" / "FORMAT").read_text() == "copied"
    assert "Load it by hand." in (tmp_path / "out" / "README.md").read_text()
    assert "`copied`: a copy of slim (of llama models)" in options_page()


def test_a_model_of_another_type_is_refused_with_the_formats_for_all(copied: str, tmp_path: Path):
    with pytest.raises(UnsuitableModelError) as error:
        export(saved("gpt_neox", tmp_path / "dense"), [Component(1)], tmp_path / "out", copied)
    assert str(error.value) == (
        "the format copied cannot hold this model: it is a gpt_neox, not one of ['llama']; type export.formats: "
        "[slim] or [zero_filled]"
    )
    assert not (tmp_path / "out").exists()


def test_a_new_format_is_compared_as_the_others_are(copied: str, tmp_path: Path):
    path = tmp_path / "formats" / "copied.py"
    path.write_text(
        NEW_FORMAT.replace("FORMAT.write(folder, dropped,", "FORMAT.write(folder, dropped[1:],")
    )
    with pytest.raises(ExportError, match=r"the copied checkpoint of .* differs"):
        export(saved("llama", tmp_path / "dense"), [Component(1)], tmp_path / "out", copied)
    assert not (tmp_path / "out").exists()


def test_declarations_are_read_without_torch():
    """The configuration lists formats, and every process of a job reads it."""
    program = (
        "import sys\n"
        "from keepfaith.plugins.export_format import EXPORT_FORMATS\n"
        "assert EXPORT_FORMATS.all()\n"
        "print([name for name in ('torch', 'transformers', 'safetensors') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_names_of_formats_fit_into_paths():
    assert all(name.isidentifier() and name.islower() for name in EXPORT_FORMATS.names())
