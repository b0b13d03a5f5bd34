"""The pages for people: every phone with its texts, a field to reply, and the switches of the network."""

from pathlib import Path

from sandbox.gateway import pages, panel, screen, switches
from sandbox.gateway.phones import PHONES_ON_A_PAGE, conversation, list_phones, mark_as_read, numbers_for
from sandbox.gateway.traffic import Network, digits, latest_number, reply
from sandbox.gateway.web import Request, Response, as_html, see_other


STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
LONGEST_REPLY = 1000
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'self'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def answer(network: Network, request: Request) -> Response:
    if request.method == "POST" and request.headers.get("sec-fetch-site", "none") == "cross-site":
        return as_html(pages.problem("This form was sent from another website, so nothing was done."), 403)
    match request.method, request.path.strip("/").split("/")[1:]:
        case "GET", []:
            return _list(network, request)
        case "GET", ["open"]:
            number = digits(request.param("number"))
            return see_other(f"/gateway/phones/{number}/" if number else "/gateway/")
        case "GET", ["phones", number]:
            return _phone(network, request, digits(number))
        case "POST", ["phones", number, "reply"]:
            return _reply(network, request, digits(number))
        case "POST", ["switches"]:
            return _switch(network, request)
        case "GET", ["static", name]:
            return _static(name)
    return _page(pages.problem("There is no such page in the network."), 404)


def _page(markup: str, status: int = 200) -> Response:
    return as_html(markup, status, headers=HEADERS)


def _list(network: Network, request: Request) -> Response:
    if request.param("part") == "status":
        return _page(panel.status(network.store))
    listing = _listing(network, request)
    if request.param("part") == "phones":
        return _page(pages.phone_rows(listing))
    return _page(pages.list_page(network.store, listing))


def _listing(network: Network, request: Request, current: str = "") -> pages.Listing:
    query, page = request.param("q").strip()[:40], max(1, request.number("page", 1))
    found, total = list_phones(network.store, query=query, page=page)
    last_page = max(1, -(-total // PHONES_ON_A_PAGE))
    return pages.Listing(found, total, query, min(page, last_page), last_page, current)


def _phone(network: Network, request: Request, number: str) -> Response:
    if not 7 <= len(number) <= 15:
        return _page(pages.problem("A phone has 7 to 15 digits, with its country code."), 404)
    mark_as_read(network.store, number)
    site_number = digits(request.param("with")) or latest_number(network.store, number)
    thread = conversation(network.store, number, site_number)
    if request.param("part") == "thread":
        return _page(screen.thread(thread))
    listing = _listing(network, request, current=number)
    if request.param("part") == "phones":
        return _page(pages.phone_rows(listing))
    view = screen.PhoneView(number, site_number, numbers_for(network.store, number), thread)
    return _page(pages.phone_page(network.store, listing, view))


def _reply(network: Network, request: Request, number: str) -> Response:
    content = request.content()
    site_number, body = digits(content.get("to") or ""), str(content.get("body") or "").strip()
    if body and site_number and number:
        reply(network, phone=number, number=site_number, body=body[:LONGEST_REPLY])
    return see_other(f"/gateway/phones/{number}/?with={site_number}#reply")


def _switch(network: Network, request: Request) -> Response:
    content = request.content()
    page, phone = digits(content.get("page") or ""), digits(content.get("phone") or "")
    try:
        name, value = str(content.get("name")), str(content.get("value"))
        switches.set_switch(network.store, name, value, phone=phone)
    except switches.UnknownSwitch as error:
        return _page(pages.problem(str(error)), 400)
    return see_other(f"/gateway/phones/{page}/#network" if page else "/gateway/#network")


def _static(name: str) -> Response:
    path = STATIC / name
    if path.parent != STATIC or path.suffix not in TYPES or not path.is_file():
        return Response(404, content_type="text/plain")
    return Response(200, path.read_bytes(), TYPES[path.suffix], {"Cache-Control": "no-cache"})
