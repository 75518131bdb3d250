"""A clock that the test sets, in whole microseconds."""

SECOND = 1_000_000


class Clock:
    def __init__(self, microseconds: int = 1_000 * SECOND) -> None:
        self.microseconds = microseconds

    def __call__(self) -> float:
        return self.microseconds / SECOND

    def advance(self, seconds: float) -> None:
        self.microseconds += round(seconds * SECOND)
