"""How long to look: about a minute for all of these, far longer with --full. Findings stay as `@example` lines."""

from __future__ import annotations

import sys

from hypothesis import HealthCheck, settings

_EXAMPLES = 10_000 if "--full" in sys.argv else 200

looking = settings(max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
"""For every property here."""
