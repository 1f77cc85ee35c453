"""Hypothesis profiles: `fast` by default, `deep` with HYPOTHESIS_PROFILE=deep."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("fast", max_examples=150, deadline=None, derandomize=True)
settings.register_profile("deep", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))
