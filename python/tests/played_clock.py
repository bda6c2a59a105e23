"""Both clocks of a token source in a test's hands."""

from __future__ import annotations

import pytest

import sanskey._time
import sanskey._token_state


class PlayedClock:
    """What `time.time` and `time.monotonic` say to sanskey."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float = 1_704_164_645.0, uptime: float = 1000.0) -> None:
        self.now = now
        self.uptime = uptime
        monkeypatch.setattr(sanskey._time, "time", lambda: self.now)
        monkeypatch.setattr(sanskey._token_state, "time", lambda: self.now)
        monkeypatch.setattr(sanskey._token_state, "monotonic", lambda: self.uptime)

    def passes(self, seconds: float) -> None:
        """Time passes by both."""
        self.now += seconds
        self.uptime += seconds

    def is_set(self, seconds: float) -> None:
        """Somebody sets the one that tells the day."""
        self.now += seconds
