"""Deprecation warnings that point at the caller, in both colours."""

from __future__ import annotations

import sys
import warnings


def deprecated(message: str) -> None:
    """Warn at the first frame outside of this package, however many of ours lie between."""
    level, frame = 1, sys._getframe()
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("hatched."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DeprecationWarning, stacklevel=level)
