"""Shared code of the benchmarks: models of a given shape, and the record of a run.

Importing it puts the package on the path.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
