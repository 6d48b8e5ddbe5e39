"""How many people a minute each platform lets us write to, for what is said about it. Whoever knows the limits tells."""

BULK_A_MINUTE: dict[str, float] = {}


def minutes_for(sizes: dict[str, int]) -> int:
    """How many minutes it takes to write to so many people on each platform, which go on side by side; at least one."""
    return max((round(n / BULK_A_MINUTE[name] + 0.5) for name, n in sizes.items() if name in BULK_A_MINUTE), default=1)
