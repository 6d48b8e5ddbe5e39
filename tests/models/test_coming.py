"""When holders are asked whether they still come: at most twice, in time, and never out of their sleep."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from models.coming import _Holder, _questions, next_ask
from models.notices import waking
from models.people import Person
from models.record import LATE, SLIP, is_late
from models.tasks import Task

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_spans = st.integers(0, 4 * 24 * 60).map(lambda minutes: minutes * MINUTE)
_minutes = st.integers(0, 24 * 60 - 1)


@given(
    _spans,
    _spans,
    _minutes,
    st.integers(0, 16 * 60),
    st.sampled_from(["Africa/Cairo", "America/New_York", "UTC", "Asia/Kolkata"]),
    st.sampled_from([MINUTE, timedelta(minutes=47), timedelta(hours=9)]),
)
def test_nobody_is_asked_more_than_twice_or_woken(
    starts: timedelta, claimed: timedelta, quiet_from: int, quiet_for: int, zone: str, step: timedelta
) -> None:
    starts_at = NOW + starts
    person = Person(id=1, timezone=zone, quiet_from=quiet_from, quiet_until=(quiet_from + quiet_for) % (24 * 60))
    task = Task(id=1, community_id=1, starts_at=starts_at, ask_at=next_ask(starts_at, NOW))
    asked = []
    for now in _due(task, starts_at, step):
        if NOW + claimed <= now:
            asked += list(_questions(_Holder(task, 7, NOW + claimed, zone, person), now))
        task.ask_at = next_ask(starts_at, now)

    assert len(asked) == len({question["key"] for question in asked}) <= 2
    for question in asked:
        said = waking(person, zone, question["due_at"])
        assert said < question["useless_at"] <= starts_at, "nobody is woken because waiting would be too late"
        assert question["due_at"] >= NOW + claimed, "who took the seat since then has just said that they come"
    assert all(a["due_at"] < b["due_at"] for a, b in pairwise(asked))


def _due(task: Task, until: datetime, step: timedelta) -> list[datetime]:
    """The moments at which the tick, coming by again and again, finds the task due."""
    ask_at, found, now = task.ask_at, [], NOW
    while now <= until:
        if ask_at is not None and ask_at <= now:
            found.append(now)
            ask_at = next_ask(task.starts_at, now)
        now += step
    return found


@given(_spans, _spans, st.none() | _spans, _spans)
def test_what_is_late(starts: timedelta, claimed: timedelta, moved: timedelta | None, held: timedelta) -> None:
    task = Task(starts_at=NOW + starts, moved_at=None if moved is None else NOW + moved)
    claimed_at, now = NOW + claimed, NOW + claimed + held
    late = is_late(task, claimed_at, now)
    if now <= NOW + starts - LATE or held <= SLIP:
        assert not late, "early costs nothing, and so does a slip"
    elif moved is None or not timedelta() < NOW + moved - claimed_at or now - (NOW + moved) >= LATE:
        assert late
    assert not is_late(Task(starts_at=None, moved_at=None), claimed_at, now)
