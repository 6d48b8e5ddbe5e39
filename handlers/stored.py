"""Events, answers and replies as text, for the tables that keep them."""

from pydantic import TypeAdapter

from handlers.types import Answer, Event, Place, Reply

_ANSWER = TypeAdapter(Answer)
_EVENT = TypeAdapter(Event)
_PLACE = TypeAdapter(Place)
_REPLY = TypeAdapter(Reply)


def dump_answer(answer: Answer) -> str:
    return _ANSWER.dump_json(answer, exclude_defaults=True).decode()


def load_answer(text: str) -> Answer:
    return _ANSWER.validate_json(text)


def dump_event(event: Event) -> str:
    return _EVENT.dump_json(event, exclude_defaults=True).decode()


def load_event(text: str) -> Event:
    return _EVENT.validate_json(text)


def dump_place(place: Place) -> str:
    return _PLACE.dump_json(place, exclude_defaults=True).decode()


def load_place(text: str) -> Place:
    return _PLACE.validate_json(text)


def dump_reply(reply: Reply) -> str:
    return _REPLY.dump_json(reply, exclude_defaults=True).decode()


def load_reply(text: str) -> Reply:
    return _REPLY.validate_json(text)
