"""What a replica knows of its own state. `live` says restart me or not, `ready` says send me work or not."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Health:
    """Named conditions; each is fine until somebody says why it is not."""

    wrong: dict[str, str] = field(default_factory=dict)
    degraded: dict[str, str] = field(default_factory=dict)
    opened: bool = False

    def bad(self, condition: str, why: str) -> None:
        """Not ready while this stands."""
        self.wrong[condition] = why

    def good(self, condition: str) -> None:
        self.wrong.pop(condition, None)
        self.degraded.pop(condition, None)

    def degrade(self, condition: str, why: str) -> None:
        """Told, but still ready."""
        self.degraded[condition] = why

    @property
    def ready(self) -> bool:
        return self.opened and not self.wrong

    def report(self) -> dict[str, object]:
        status = "starting" if not self.opened else "not-ready" if self.wrong else "degraded" if self.degraded else "ok"
        return {"status": status, "wrong": dict(self.wrong), "degraded": dict(self.degraded)}
