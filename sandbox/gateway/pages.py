"""The markup of the handset pages. Everything that somebody typed goes through `escape`."""

import time
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from sandbox.gateway import panel
from sandbox.gateway.phones import Phone, display
from sandbox.gateway.prices import country_name
from sandbox.gateway.screen import PhoneView, handset, machine
from sandbox.gateway.store import Store


@dataclass(frozen=True)
class Listing:
    """One page of the list; `current` is the phone that is open."""

    phones: list[Phone]
    total: int
    query: str = ""
    page: int = 1
    last_page: int = 1
    current: str = ""

    def address(self, page: int, **more: str) -> str:
        path = f"/gateway/phones/{self.current}/" if self.current else "/gateway/"
        wanted = {"q": self.query, "page": str(page) if page > 1 else "", **more}
        query = urlencode({name: value for name, value in wanted.items() if value})
        return escape(f"{path}?{query}" if query else path)


def layout(title: str, main: str, *, kind: str = "") -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)} | Local telephone network</title>
<link rel="icon" href="/gateway/static/mast.svg">
<link rel="stylesheet" href="/gateway/static/handset.css">
<script type="module" src="/gateway/static/handset.js"></script>
</head>
<body class="{kind}">
<header class="bar">
<a class="bar__home" href="/gateway/"><img src="/gateway/static/mast.svg" alt="" width="32" height="32">
<span class="bar__words"><span class="bar__name">Local telephone network:</span>
<span class="bar__promise">nothing here leaves this computer</span></span></a>
</header>
{main}
</body>
</html>
"""


def problem(text: str) -> str:
    return layout(
        "Sorry",
        f'<main class="sorry"><h1>Sorry</h1><p>{escape(text)}</p><p><a href="/gateway/">All phones</a></p></main>',
    )


def list_page(store: Store, listing: Listing) -> str:
    main = f'<main class="desk">{phones(listing)}{panel.network(store)}</main>'
    return layout("Phones", main, kind="page-list")


def phone_page(store: Store, listing: Listing, view: PhoneView) -> str:
    controls = panel.network(store, phone=view.number)
    main = f'<main class="desk">{phones(listing)}{handset(view)}{controls}</main>'
    return layout(display(view.number), main, kind="page-phone")


def phones(listing: Listing) -> str:
    """The list with its search, which also opens a phone that has no text yet."""
    return f"""<section class="phones" aria-labelledby="phones-title">
<h1 id="phones-title">Phones</h1>
<form class="search" role="search" action="/gateway/">
<label class="hidden" for="search">Find a phone by its digits</label>
<input id="search" type="search" name="q" value="{escape(listing.query)}" inputmode="tel" placeholder="Find a number"
 autocomplete="off" maxlength="40"><button>Find</button>
</form>
<div data-poll="{listing.address(listing.page, part="phones")}">{phone_rows(listing)}</div>
</section>"""


def phone_rows(listing: Listing) -> str:
    if not listing.phones:
        return _no_phones(listing)
    rows = "".join(_phone_row(phone, listing) for phone in listing.phones)
    return f'<p class="count">{_count(listing)}</p><ul class="rows">{rows}</ul>{_pagination(listing)}'


def _count(listing: Listing) -> str:
    noun = "phone" if listing.total == 1 else "phones"
    found = f" with {escape(listing.query)}" if listing.query else ", the latest text first"
    return f"{listing.total:,} {noun}{found}"


def _no_phones(listing: Listing) -> str:
    typed = "".join(filter(str.isdigit, listing.query))
    if not listing.query:
        return """<div class="empty"><p><strong>No phone has received a text yet.</strong></p>
<p>Sign up with a phone number on the site, or send a message in its admin.
The phones appear here by themselves.</p></div>"""
    opens = f'<p><a href="/gateway/open?number={typed}">Open {display(typed)}</a></p>' if len(typed) >= 7 else ""
    return f"""<div class="empty"><p><strong>No phone with {escape(listing.query)}.</strong></p>{opens}
<p><a href="/gateway/">All phones</a></p></div>"""


def _phone_row(phone: Phone, listing: Listing) -> str:
    current = ' aria-current="page"' if phone.number == listing.current else ""
    unread = ""
    if phone.unread:
        unread = f'<span class="unread">{phone.unread}<span class="hidden"> unread</span></span>'
    address = f"/gateway/phones/{phone.number}/"
    kept = {"q": listing.query, "page": str(listing.page) if listing.page > 1 else ""}
    query = urlencode({name: value for name, value in kept.items() if value})
    you = '<span class="row__you">Reply:</span> ' if phone.own else ""
    address = escape(f"{address}?{query}" if query else address)
    style = "row row--unread" if phone.unread else "row"
    return f"""<li><a class="{style}" href="{address}"{current}>
<span class="row__code" aria-hidden="true">{phone.country or "?"}</span>
<span class="row__number">{display(phone.number)}</span><span class="row__time">{_time(phone.at)}</span>
<span class="row__country">{escape(country_name(phone.country))}</span>
<span class="row__preview">{you}{escape(phone.preview[:90])}</span>{unread}</a></li>"""


def _pagination(listing: Listing) -> str:
    if listing.last_page == 1:
        return ""
    newer = older = ""
    if listing.page > 1:
        newer = f'<a rel="prev" href="{listing.address(listing.page - 1)}">Newer</a>'
    if listing.page < listing.last_page:
        older = f'<a rel="next" href="{listing.address(listing.page + 1)}">Older</a>'
    place = f"<span>Page {listing.page} of {listing.last_page}</span>"
    return f'<nav class="pages" aria-label="Pages">{newer or "<span></span>"}{place}{older or "<span></span>"}</nav>'


def _time(moment: float) -> str:
    today = time.strftime("%Y%m%d") == time.strftime("%Y%m%d", time.localtime(moment))
    shown = time.strftime("%H:%M" if today else "%-d %b", time.localtime(moment))
    return f'<time datetime="{machine(moment)}">{shown}</time>'
