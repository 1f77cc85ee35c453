"""The published 3GPP test sets, as the tests read them."""

import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
MILENAGE: dict[str, Any] = json.loads((DATA / "milenage-vectors.json").read_text())
TUAK: dict[str, Any] = json.loads((DATA / "tuak-vectors.json").read_text())
MILENAGE_SETS: list[dict[str, Any]] = MILENAGE["sets"] + MILENAGE["extra"]
