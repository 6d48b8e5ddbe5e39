"""What to say: one module a use case. Importing this package registers every command."""

from handlers import beginning, claiming, finding, mine, reporting, reviewing

__all__ = ["beginning", "claiming", "finding", "mine", "reporting", "reviewing"]
