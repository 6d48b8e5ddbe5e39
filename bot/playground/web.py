"""The page's addresses: what a browser may ask for, and what people on it may do."""

from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.drawing import Drawn, draw_chart, draw_sheet
from bot.playground.board import Toasted
from bot.playground.cast import BOT, PHONES, Phone
from bot.playground.guard import Guard
from bot.playground.labels import labels
from bot.playground.memory import TEXT_LIMIT, File, Message
from bot.playground.pages import Pages
from bot.playground.screens import chart_of, media_of, sheet_of
from bot.playground.stream import updates
from handlers.words import LANGUAGES, language_of

if TYPE_CHECKING:
    from bot.playground.platform import Playground

_DONE = Response(status_code=HTTPStatus.NO_CONTENT)


def application(playground: "Playground") -> Starlette:
    """The web application of a playground."""
    site = _Site(playground)
    return Starlette(
        routes=[
            Route("/", site.index),
            Route("/start/{payload}", lambda _: RedirectResponse("/")),
            Route("/stream", site.stream),
            Route("/clock", site.shift_clock, methods=["POST"]),
            Route("/phones/{person}/start", site.start, methods=["POST"]),
            Route("/phones/{person}/chats/{chat}/show", site.show, methods=["POST"]),
            Route("/phones/{person}/chats/{chat}/say", site.say, methods=["POST"]),
            Route("/phones/{person}/messages/{message:int}/press", site.press, methods=["POST"]),
            Route("/messages/{message:int}/picture", site.picture),
            Route("/messages/{message:int}/chart", site.chart),
            Route("/messages/{message:int}/sheet", site.sheet),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(Guard, host=playground.host)],
    )


class _Site:
    """The endpoints."""

    def __init__(self, playground: "Playground") -> None:
        self._playground = playground
        self._pages = Pages(playground)

    async def index(self, request: Request) -> Response:
        return HTMLResponse(self._pages.index(_language(request)))

    async def stream(self, request: Request) -> Response:
        since = request.headers.get("last-event-id") or request.query_params.get("since", "")
        if not (since.isascii() and since.isdigit() and len(since) < 16):
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        told = updates(self._playground, int(since), _language(request))
        return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def shift_clock(self, request: Request) -> Response:
        """Only by steps that are buttons: the time of a community never goes back."""
        async with request.form() as form:
            steps = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
            step = steps.get(str(form.get("by")))
        if step is None or not self._playground.may_time_pass:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        await self._playground.shift_clock(step)
        return _DONE

    async def start(self, request: Request) -> Response:
        async with request.form() as form:
            self._playground.start(_phone(request), str(form.get("payload", "")))
        return _DONE

    async def show(self, request: Request) -> Response:
        phone = _phone(request)
        self._playground.show(phone, _chat(request, phone))
        return _DONE

    async def say(self, request: Request) -> Response:
        phone = _phone(request)
        chat = _chat(request, phone)
        if chat == phone.person and not self._playground.memory.has_opened(phone.person):
            raise HTTPException(HTTPStatus.CONFLICT)
        async with request.form(max_files=1, max_fields=4) as form:
            text = str(form.get("text", "")).replace("\r\n", "\n").strip()
            file = await _file(form)
        if len(text) > TEXT_LIMIT:
            self._playground.board.tell(Toasted(phone.person, labels(phone.words)["too_long"]))
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY)
        if text or file:
            self._playground.say(phone, chat, text, file)
        return _DONE

    async def press(self, request: Request) -> Response:
        phone = _phone(request)
        message = self._message(request)
        async with request.form() as form:
            data = str(form.get("data", ""))
        if message.chat not in phone.chats or message.author != BOT:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        if not self._playground.press(phone, message, data):
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        return _DONE

    async def picture(self, request: Request) -> Response:
        """The picture that a message shows: from our store, or as a person sent it."""
        screen = self._message(request).screen
        if media := media_of(screen):
            return FileResponse(self._playground.pictures.path(media), media_type=media.content_type)
        sent = screen.get("file", {})
        content = self._playground.memory.upload(sent.get("reference", ""))
        if content is None or not sent["type"]:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(content, media_type=sent["type"], headers={"Cache-Control": "private, max-age=3600"})

    async def chart(self, request: Request) -> Response:
        """The picture of a message's chart, painted when somebody looks."""
        chart = chart_of(self._message(request).screen)
        if chart is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return _file_response(await draw_chart(chart), "inline")

    async def sheet(self, request: Request) -> Response:
        """A message's sheet as a file."""
        sheet = sheet_of(self._message(request).screen)
        if sheet is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return _file_response(await draw_sheet(sheet), "attachment")

    def _message(self, request: Request) -> Message:
        message = self._playground.memory.message(request.path_params["message"])
        if message is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return message


def _file_response(drawn: Drawn, disposition: str) -> Response:
    headers = {"Content-Disposition": f'{disposition}; filename="{drawn.name}"', "Cache-Control": "private, no-cache"}
    return Response(drawn.content, media_type=drawn.content_type, headers=headers)


async def _file(form: FormData) -> File | None:
    sent = form.get("picture")
    if not isinstance(sent, UploadFile) or not sent.filename:
        return None
    return File(sent.filename[-200:], await sent.read())


def _phone(request: Request) -> Phone:
    phone = PHONES.get(request.path_params["person"])
    if phone is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return phone


def _chat(request: Request, phone: Phone) -> str:
    chat: str = request.path_params["chat"]
    if chat not in phone.chats:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return chat


def _language(request: Request) -> str:
    """The language of the page's frame: the one that was asked for, else what the browser prefers."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    return language_of(request.headers.get("accept-language", "").partition(",")[0].partition(";")[0])
