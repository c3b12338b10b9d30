"""How often a property is tried: a few times, always the same; by `make chaos` many times, and always others."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

TIMES = 10 if os.environ.get("CHARGELAKE_TEST_THOROUGH") else 1


def tries(count: int, **more: object) -> settings:
    """Settings of a property that is tried so often by default."""
    patient = [HealthCheck.too_slow]  # a busy machine is no fault of a property
    return settings(
        max_examples=count * TIMES,
        deadline=None,
        database=None,
        derandomize=TIMES == 1,
        suppress_health_check=patient,
        **more,
    )
