"""`python -m tools.charts`: the charts that docs/ shows, painted from a made-up week."""

import asyncio
from datetime import date
from pathlib import Path

from bot.charts import paint
from handlers.summarizing import put_into_words
from handlers.words import words_for
from models.communities import Community
from models.figures import MEDIANS, NOW, WEEKLY, Figure
from models.summaries import Given, Numbers, Sum, Summary
from models.weeks import Week

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
_TAKEN, _COMPLETED = (9, 14, 11, 6, 12, 17, 4), (5, 8, 13, 7, 9, 12, 6)


def made_up() -> Summary:
    """A week as a busy team has it."""
    sums = dict.fromkeys(WEEKLY, Sum()) | {
        Figure.TAKEN: Sum(sum(_TAKEN)),
        Figure.COMPLETED: Sum(sum(_COMPLETED), 1490),
        Figure.DUE: Sum(38, 71, 84),
    }
    numbers = Numbers(sums, dict.fromkeys(MEDIANS, 95))
    week = Week(date(2026, 11, 21), "Africa/Cairo")
    by_day: dict[Figure, tuple[int, ...]] = {Figure.TAKEN: _TAKEN, Figure.COMPLETED: _COMPLETED}
    return Summary(week, False, numbers, (), by_day, (Given("food", 640),), 23, dict.fromkeys(NOW, 0))


async def main() -> None:
    for language in ("en", "ar"):
        team = Community(id=1, name="Warmth", timezone="Africa/Cairo", first_weekday=5)
        chart = put_into_words(made_up(), team, words_for(language, language == "ar", "Africa/Cairo")).chart
        if chart is not None:
            (FOLDER / f"summary-{language}.png").write_bytes(await paint(chart))


if __name__ == "__main__":
    asyncio.run(main())
