"""What to say: one module a use case. Importing this package registers every command."""

from handlers import claiming, finding

__all__ = ["claiming", "finding"]
