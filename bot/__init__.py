"""How and where it is said: platforms, the transaction edge, the courier, the clock, settings, the command line."""

__version__ = "0.1.0"
