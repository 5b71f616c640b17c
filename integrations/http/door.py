"""The door of the page's server: every request is admitted with a scope, or refused here.

Session cookie, token (Bearer, or as the password of HTTP Basic), or Home
Assistant's Ingress. A route says what it wants; one that says nothing does not
exist. It knows requests and answers, and nothing of the engine.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from integrations.http.access import LINK_SECONDS, Access
from integrations.http.answers import TOKEN_FIELD, closed, plain, sign_in, to_page
from integrations.http.crowd import Crowd
from integrations.http.guard import (
    FRAMED,
    HEADERS,
    host_is_ours,
    origin_is_ours,
)
from integrations.http.scopes import Pass, Scope
from integrations.http.tokens import TokenStore, digest

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TYPED_SECONDS = 10.0
"""For a stranger's token to arrive; a form is one small packet."""

NOTIFICATION = Pass("a notification's link", Scope.CONTROL)


@dataclass(frozen=True, slots=True)
class Route:
    """`wants` is the scope that it takes; None is for whoever asks.

    `head`: the head alone may be asked for; not of a link, which that would use up, nor a stream.
    """

    method: str
    path: str
    handler: Handler
    wants: Scope | None
    head: bool = False


class Door:
    """`middleware` stands before all routes of one server; `crowd` is who stands at it.

    `cookie` names its cookie; `public` is the owner's address of it behind a proxy, if any.
    A notification's session has a cookie of its own: it ends soon and may do less than the
    one that the owner's browser may have, which is not sent along from another app.
    """

    def __init__(
        self,
        access: Access,
        tokens: TokenStore | None,
        host: str,
        ingress_from: str,
        cookie: Callable[[], str],
        public: str = "",
    ) -> None:
        self.access = access
        self.crowd = Crowd()
        self._tokens = tokens
        self._host = host
        self._ingress_from = ingress_from
        self._cookie = cookie
        self._public = public
        self._wants: dict[object, Scope | None] = {}

    def hang(self, app: web.Application, routes: tuple[Route, ...]) -> None:
        """Add the routes to `app`, each behind what it wants."""
        for route in routes:
            for method in (route.method, "HEAD") if route.head else (route.method,):
                added = app.router.add_route(method, route.path, route.handler)
                self._wants[added] = route.wants

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await self._admit(request, handler)
        except web.HTTPException as refused:
            response = plain(refused.status, refused.reason, "There is nothing here.")
        if not response.prepared:
            for header, value in (FRAMED if self._by_ingress(request) else HEADERS).items():
                response.headers.setdefault(header, value)
        return response

    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        by_ingress = self._by_ingress(request)
        if not by_ingress and not host_is_ours(
            request.headers.get("Host", ""), self._host, self._public
        ):
            return plain(403, "Not here", "This address is not one of this device's own.")
        wants = self._wants.get(request.match_info.route, Scope.ADMIN)
        if wants is None:
            return await handler(request)
        holder = self.holder(request)
        if holder is None:
            return self._stranger(request)
        self.crowd.let_in(request.protocol)
        if not self._from_here(request, by_ingress):
            return plain(403, "Not from here", "Commands come from this page only.")
        if not holder.scope.covers(wants):
            return plain(403, "Not allowed", f"This takes a token with the scope {wants}.")
        return await handler(request)

    def holder(self, request: web.Request) -> Pass | None:
        """Who is asking, judged anew each time it is asked: a token may have been revoked."""
        if self._by_ingress(request):
            name = request.headers.get("X-Remote-User-Display-Name") or "Home Assistant"
            return Pass(name[:60], Scope.ADMIN)
        offered = _offered(request)
        if offered is not None:
            kept = self._tokens.pass_of(offered) if self._tokens is not None else None
            known = kept or self.access.program(offered)
            basic = not request.headers["Authorization"].lower().startswith("bearer ")
            # A browser sends a password along by itself, so it only ever looks.
            return Pass(known.who, Scope.VIEW) if known and basic else known
        return self._by_cookie(request)

    def _by_cookie(self, request: web.Request) -> Pass | None:
        """Whose session this browser has; of two the one that may do more."""
        own, visit = (self.access.holder(request.cookies.get(name)) for name in self._cookies())
        if own is None or (visit is not None and not own.scope.covers(visit.scope)):
            return visit
        return own

    def _cookies(self) -> tuple[str, str]:
        """Of the browser's own session, and of a notification's."""
        return self._cookie(), f"{self._cookie()}_look"

    def admitted(self, request: web.Request) -> Pass:
        """Who is asking, for a handler behind the door. Raises where that has just ended."""
        holder = self.holder(request)
        if holder is None:
            raise web.HTTPForbidden
        return holder

    def _by_ingress(self, request: web.Request) -> bool:
        """Whether Home Assistant's Ingress sends this, for somebody who is logged in there.

        The address is that of the connection itself, which nobody else on the
        container's network can have; no header is believed.
        """
        return bool(self._ingress_from) and request.remote == self._ingress_from

    def _from_here(self, request: web.Request, by_ingress: bool) -> bool:
        """Whether what may change something comes from our own page, or from a program."""
        if request.method in {"GET", "HEAD"}:
            return True
        if by_ingress:
            return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        if request.headers.get("Authorization", "").lower().startswith("bearer "):
            return True
        return self._own_page(request)

    def _own_page(self, request: web.Request) -> bool:
        headers = request.headers
        return origin_is_ours(headers.get("Origin"), headers.get("Host", ""), self._public)

    def _stranger(self, request: web.Request) -> web.Response:
        # A cookie of before a restart is no guess: nobody guesses 256 bits, and a lock would keep
        # the very people out who must sign in again.
        if _offered(request) is not None:
            return self._too_often(request) or closed(request)
        response = closed(request)
        self._forget(request, response)
        return response

    def _forget(self, request: web.Request, response: web.Response) -> None:
        """This browser's sessions are over, and it keeps no cookie of them."""
        for name in self._cookies():
            if name in request.cookies:
                self.access.leave(request.cookies[name])
                response.del_cookie(name, path="/")

    def _too_often(self, request: web.Request) -> web.Response | None:
        """Note a wrong token; the refusal, where there were too many from this address."""
        address = request.remote or ""
        wait = self.access.locked_for(address)
        if wait <= 0.0:
            self.access.failed(address)
            return None
        refused = plain(429, "Too many attempts", f"Try again in {wait:.0f} seconds.")
        refused.headers["Retry-After"] = f"{wait:.0f}"
        return refused

    # ----------------------------------------------------------------- the links

    async def open(self, request: web.Request) -> web.StreamResponse:
        """`/open/{token}`: a one-time link becomes a session.

        A right one opens whoever guessed before it: behind a proxy all share one address, and 256
        random bits need no lock, only an end to being asked.
        """
        session = self.access.open(request.match_info["token"])
        if session is None:
            if self._by_cookie(request) is not None:
                return to_page()
            return self._too_often(request) or plain(
                401,
                "This link no longer works",
                f"A link opens the page once, within {LINK_SECONDS / 60:.0f} minutes. "
                "Press Enter where Heliotrope runs, and it prints another.",
            )
        return self._with_session(to_page(), self._cookie(), session)

    async def look(self, request: web.Request) -> web.StreamResponse:
        """`/look/{ticket}`: a notification's button opens the live view for a while."""
        session = self.access.enter(request.match_info["ticket"], NOTIFICATION)
        if session is None:
            return self._too_often(request) or plain(
                401,
                "This link is over",
                "The button of a notification works for a while only. Open the page itself.",
            )
        # Lax: the button is a link from another app, and it must arrive with its session.
        return self._with_session(to_page("../?look#look"), self._cookies()[1], session, "Lax")

    # ----------------------------------------------------------------- the tokens

    async def to_sign_in(self, _: web.Request) -> web.StreamResponse:
        """`/sign-in` asked for by its address: the form is on the page."""
        return to_page()

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """`/sign-in`: a token becomes a session of its scope, over when the token is revoked."""
        if not self._own_page(request):
            return plain(403, "Not from here", "Sign in on this device's own page.")
        try:
            async with asyncio.timeout(TYPED_SECONDS):
                offered = await _typed(request)
        except TimeoutError:
            return plain(408, "Too slow", "The token did not arrive. Send it again.")
        tokens = self._tokens
        holder = tokens.pass_of(offered) if tokens is not None else None
        if tokens is None or holder is None:
            return self._too_often(request) or sign_in(
                "This token opens nothing",
                "It was revoked, or something is missing from it. "
                "The owner makes one with: heliotrope token create NAME --scope control",
            )
        response = to_page()
        self._forget(request, response)
        held = partial(tokens.holds, digest(offered))
        return self._with_session(response, self._cookie(), self.access.admit(holder, held))

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """`/leave`: this browser's sessions are over."""
        response = web.Response(status=204)
        self._forget(request, response)
        return response

    def has_session(self, request: web.Request) -> bool:
        """Whether it is a session of this browser's that lets the request in."""
        return _offered(request) is None and not self._by_ingress(request)

    def _with_session(
        self, response: web.Response, cookie: str, session: str, same_site: str = "Strict"
    ) -> web.Response:
        response.set_cookie(cookie, session, httponly=True, samesite=same_site, path="/")
        return response


async def _typed(request: web.Request) -> str:
    """The token of the form; empty where there is none in it."""
    if request.content_type != "application/x-www-form-urlencoded":
        return ""
    try:
        text = (await request.post()).get(TOKEN_FIELD, "")
    except (ValueError, LookupError):  # an encoding that does not exist, or is not this
        return ""
    return text.strip() if isinstance(text, str) else ""


def _offered(request: web.Request) -> str | None:
    """The token of the Authorization header: Bearer, or the password of Basic."""
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return None
