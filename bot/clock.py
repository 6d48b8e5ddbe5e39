"""Time, as the core is given it."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The present moment; the playground may shift it forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def shift(self, by: timedelta) -> None:
        """Let time pass at once."""
        self._ahead += by
