"""What a user may get wrong: one line each, which says where, what, and what to type instead."""

import subprocess
import sys
from pathlib import Path

import pytest
from bad_configs import BAD
from world import ROOT, World

from keepfaith.config.errors import ConfigError


@pytest.mark.parametrize("name", BAD)
def test_one_line_that_says_where_what_and_what_to_type(
    name: str, tmp_path: Path, refused: dict[str, str]
) -> None:
    world = World(tmp_path)
    spoil, expected = BAD[name]
    spoil(world)
    with pytest.raises(ConfigError) as caught:
        world.read()
    message = str(caught.value)
    assert "\n" not in message
    for part in expected:
        assert part in message, message
    assert len(message) < 400 + 2 * len(str(tmp_path)), message
    refused[name] = message.replace(f"{tmp_path}/", "")


def test_unspoilt_world_is_accepted(tmp_path: Path) -> None:
    settings = World(tmp_path).read()
    assert settings.levels == {"tiny": (0, 1, 2)}


def test_reading_and_checking_imports_no_heavy_package() -> None:
    code = f"""
import sys, yaml
from pathlib import Path
sys.path.insert(0, {str(ROOT / "scripts")!r})
from keepfaith.config.load import load_study
from keepfaith.config.preflight import check
raw = yaml.safe_load(Path({str(ROOT / "config/config.yaml")!r}).read_text())
check(load_study(raw, [Path({str(ROOT / "config/catalog")!r})]))
heavy = ("torch", "transformers", "datasets", "sklearn", "scipy", "matplotlib", "polars")
print([name for name in heavy if name in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
