"""YAML that is valid and loses or changes what was typed is refused, in the catalog and in a study."""

from pathlib import Path

import pytest

from keepfaith.config.errors import ConfigError
from keepfaith.config.yaml_files import check_study_file, check_typed, read_yaml


def written(folder: Path, text: str) -> Path:
    path = folder / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: {4: x, 4: y}\n", "line 2: the key 4 occurs twice; leave one out"),
        ("b: {4: x, 4.0: y}\n", "line 1: the key 4.0 occurs twice; leave one out"),
        ('b: {4: x, "4": y}\n', "line 1: the key '4' occurs twice; leave one out"),
        ("a: 1\na: 1\n", "line 2: the key 'a' occurs twice; leave one out"),
        ("m:\n  0: x\n  010: y\n", "line 3: YAML reads 010 as 8; type 8, or "),
        ("m: {000: x}\n", "line 1: YAML reads 000 as 0; type 0, or "),
        ("seed: 0100\n", "line 1: YAML reads 0100 as 64; type 64, or "),
        ("m: {1:30: x}\n", "line 1: YAML reads 1:30 as 90"),
    ],
)  # fmt: skip
def test_one_line_with_its_place(text: str, expected: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    for read in (read_yaml, check_study_file):
        with pytest.raises(ConfigError) as refused:
            read(path)
        assert str(refused.value).startswith(f"{path}: {expected}")


def test_what_is_read_as_it_was_typed(tmp_path: Path) -> None:
    text = "base: &b {x: 0, y: '010'}\nm:\n  <<: *b\n  z: [0, 10, 1.05, 1_000, 2024-01-02, 08]\n"
    path = written(tmp_path, text)
    check_study_file(path)
    assert read_yaml(path)["m"]["y"] == "010"
    check_study_file(written(tmp_path, "a: [broken\n"))  # whoever reads it says so
    check_study_file(tmp_path / "none.yaml")


def test_the_command_line() -> None:
    with pytest.raises(ConfigError) as refused:
        check_typed("imports", "{m: {0: a, 4: b, 4: c}}")
    assert str(refused.value) == "--config imports: the key 4 occurs twice; leave one out"
    check_typed("statistics", "{seed: 010}")  # read as text there, and so as 10
