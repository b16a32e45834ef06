"""Who works at the moment.

A stage is *down* while a fault is in force on it or on its way to the others, *sick* from then on
until something has been settled through it again. The time that one takes to recover says
something about it only if nobody whom it needs was sick meanwhile.
"""

import time

CORE = ("ingestor", "reporter")


class Health:
    def __init__(self, republishers):
        self._republishers = republishers  # the names of those there are
        self._down: dict[str, int] = {}    # faults in force
        self._sick: set[str] = set()
        self._times: dict[str, int] = {}   # how often each was hit
        self._touched: dict[str, float] = {}  # when each was hit, healed or had recovered last
        self.changed = time.monotonic()    # when somebody was hit or healed last

    def hit(self, *names: str) -> None:
        for name in names:
            self._down[name] = self._down.get(name, 0) + 1
            self._times[name] = self._times.get(name, 0) + 1
            self._sick.add(name)
        self._touch(*names)

    def heal(self, *names: str) -> None:
        for name in names:
            self._down[name] -= 1
            if not self._down[name]:
                del self._down[name]
        self._touch(*names)

    def recovered(self, name: str) -> None:
        if name not in self._down and name in self._sick:
            self._sick.discard(name)
            self._touched[name] = time.monotonic()

    def _touch(self, *names: str) -> None:
        self.changed = time.monotonic()
        for name in names:
            self._touched[name] = self.changed

    def times(self, name: str) -> int:
        return self._times.get(name, 0)

    def flows(self) -> bool:
        """Whether posts can pass: everybody who is needed is there."""
        return not any(name in self._down for name in CORE) and any(
            name not in self._down for name in self._republishers())

    def needs(self, name: str) -> list[str]:
        return [other for other in CORE if other != name]

    def moment(self, name: str) -> "Moment":
        return Moment(self, name)

    def undisturbed(self, name: str) -> bool:
        """Nothing is in force on it, and whom it needs is well."""
        if name in self._down or any(other in self._sick for other in self.needs(name)):
            return False
        return name not in CORE or bool(self._well())

    def _well(self) -> list[str]:
        return [name for name in self._republishers() if name not in self._sick]

    def calm_s(self, name: str) -> float:
        """For how long it has been undisturbed: time enough to recover?"""
        if not self.undisturbed(name):
            return 0.0
        since = [self._touched.get(other, 0.0) for other in [name, *self.needs(name)]]
        if name in CORE:
            since.append(min(self._touched.get(other, 0.0) for other in self._well()))
        return time.monotonic() - max(since)


class Moment:
    """Says later whether a recovery that began now was disturbed."""

    def __init__(self, health: Health, name: str):
        self._health, self._name = health, name
        self._times = self._count()
        self._good = health.undisturbed(name)

    def _count(self) -> list[int]:
        return [self._health.times(other) for other in
                [self._name, *self._health.needs(self._name)]]

    def undisturbed(self) -> bool:
        return (self._good and self._count() == self._times
                and self._health.undisturbed(self._name))
