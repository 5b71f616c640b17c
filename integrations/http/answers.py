"""Answers that are a whole small page: refusals, and the way in for a token.

HTML and headers only; who may come in is the door's.
"""

from __future__ import annotations

from aiohttp import web

from integrations.http.guard import form_page, plain_page

TOKEN_FIELD = "token"  # noqa: S105  the name of the form's field
SIGN_IN = "sign-in"

PAGES = frozenset({"/", "/night"})
"""What people open by address."""

# The token is a password to browsers and their keepers of passwords; the name is for those only.
_FORM = f"""<form method="post" action="/{SIGN_IN}">
<input type="text" name="name" value="heliotrope" autocomplete="username" hidden>
<label>Or sign in with a token
<input type="password" name="{TOKEN_FIELD}" autocomplete="current-password" required
 maxlength="256" autocapitalize="off" autocorrect="off" spellcheck="false"></label>
<button>Sign in</button></form>"""


def plain(status: int, title: str, text: str) -> web.Response:
    """One heading and one paragraph."""
    body, headers = plain_page(title, text)
    return web.Response(status=status, text=body, content_type="text/html", headers=headers)


def sign_in(title: str, text: str) -> web.Response:
    """401, with a field for a token."""
    body, headers = form_page(title, text, _FORM)
    return web.Response(status=401, text=body, content_type="text/html", headers=headers)


def closed(request: web.Request) -> web.Response:
    """For whoever comes with nothing."""
    text = (
        "Heliotrope prints a link when it starts, and another when you press Enter where it runs. "
        "Open that link in this browser."
    )
    title = "This page opens with a link"
    if request.path not in PAGES:
        response = plain(401, title, text)
    else:
        response = sign_in(title, text)
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            # Opened from another site: the strict cookie is sent only to a request of our own.
            response.headers["Refresh"] = "0; url=/"
    if request.path.startswith("/camera/"):
        response.headers["WWW-Authenticate"] = 'Basic realm="Heliotrope", charset="UTF-8"'
    return response


def to_page(where: str = "/") -> web.Response:
    return web.Response(status=303, headers={"Location": where})
