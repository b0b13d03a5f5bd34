"""The markup of the handset pages. Everything that somebody typed goes through `escape`."""

import time
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from sandbox.gateway import panel
from sandbox.gateway.phones import Phone, Text, display
from sandbox.gateway.prices import country_name, country_of
from sandbox.gateway.store import Store


QUICK_REPLIES = ("STOP", "START", "HELP")


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


@dataclass(frozen=True)
class PhoneView:
    number: str
    site_number: str
    site_numbers: list[str]
    texts: list[Text]


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


def handset(view: PhoneView) -> str:
    """The phone itself."""
    poll = f"/gateway/phones/{view.number}/?" + urlencode({"with": view.site_number, "part": "thread"})
    country = country_name(country_of(view.number))
    return f"""<section class="handset" aria-labelledby="handset-title">
<p class="back"><a href="/gateway/">All phones</a></p>
<header class="handset__owner"><h2 id="handset-title">{display(view.number)}</h2><p>{escape(country)}</p></header>
<div class="phone">
<div class="phone__status" aria-hidden="true"><span>{time.strftime("%H:%M")}</span>
<span class="phone__signal"><i></i><i></i><i></i><i></i></span></div>
{_threads(view)}
<div class="screen" data-poll="{escape(poll)}" data-newest-last tabindex="0" role="log"
 aria-label="Conversation">{thread(view.texts)}</div>
{_composer(view)}
</div>
</section>"""


def _threads(view: PhoneView) -> str:
    if not view.site_number:
        return '<p class="phone__from">No conversation yet</p>'
    if len(view.site_numbers) < 2:
        return f'<p class="phone__from">{_from(view.site_number)}</p>'
    links = "".join(_thread_link(view, number) for number in view.site_numbers)
    return f'<nav class="phone__from" aria-label="Conversations">{links}</nav>'


def _thread_link(view: PhoneView, number: str) -> str:
    current = ' aria-current="true"' if number == view.site_number else ""
    return f'<a href="/gateway/phones/{view.number}/?with={escape(number)}"{current}>{_from(number)}</a>'


def _from(number: str) -> str:
    return escape(display(number))


def thread(texts: list[Text]) -> str:
    if not texts:
        return '<p class="screen__empty">No texts in this conversation.</p>'
    bubbles, day = [], ""
    for text in texts:
        if (this_day := _day(text.at)) != day:
            bubbles.append(f'<p class="day">{this_day}</p>')
            day = this_day
        bubbles.append(_bubble(text))
    return "".join(bubbles)


def _bubble(text: Text) -> str:
    side = "bubble--own" if text.own else "bubble--site"
    failed = " bubble--failed" if text.status in ("delivery_failed", "expired") else ""
    parts = f"{text.parts} segments. " if text.parts > 1 else ""
    who = "This phone" if text.own else _from(text.number)
    state = f"{_clock(text.at)} <span>{parts}{escape(_state(text))}</span>"
    return f"""<article class="bubble {side}{failed}"><p class="bubble__body" dir="auto">{escape(text.body)}</p>
<p class="bubble__state"><span class="hidden">{who}, </span>{state}</p></article>"""


def _state(text: Text) -> str:
    if text.own:
        arrived = "The site has it" if text.status == "delivered" else "On its way to the site"
        return f"Not there yet: {trouble}" if (trouble := _trouble(text)) else arrived
    failed = text.status in ("delivery_failed", "expired")
    arrived = "Delivered" if text.status == "delivered" else "On its way"
    state = f"Not delivered: {text.reason}" if failed else arrived
    trouble = _trouble(text)
    return f"{state}. Report: {trouble}" if trouble else state


def _trouble(text: Text) -> str:
    if not text.problem:
        return ""
    if not text.waiting:
        return f"refused by the site ({text.problem})"
    return (
        "the site can't be reached, trying again"
        if text.problem == "no answer"
        else (f"the site answered {text.problem}, trying again")
    )


def _composer(view: PhoneView) -> str:
    if not view.site_numbers:
        return '<p class="composer composer--off">No site has a number yet, so there is nobody to write to.</p>'
    number = view.site_number or view.site_numbers[0]
    quick = "".join(f'<button class="quick" name="body" value="{word}">{word}</button>' for word in QUICK_REPLIES)
    action = f"/gateway/phones/{view.number}/reply"
    to = f'<input type="hidden" name="to" value="{escape(number)}">'
    return f"""<div class="composer" id="reply">
<form method="post" action="{action}" data-reply class="composer__quick" aria-label="Quick replies">{to}{quick}</form>
<form method="post" action="{action}" data-reply class="composer__field">{to}
<label class="hidden" for="body">Reply to {_from(number)}</label>
<input id="body" name="body" placeholder="Reply to {_from(number)}" autocomplete="off" maxlength="1000" required
 dir="auto">
<button class="send">Send</button></form>
</div>"""


def _clock(moment: float) -> str:
    return f'<time datetime="{_machine(moment)}">{time.strftime("%H:%M", time.localtime(moment))}</time>'


def _time(moment: float) -> str:
    today = time.strftime("%Y%m%d") == time.strftime("%Y%m%d", time.localtime(moment))
    shown = time.strftime("%H:%M" if today else "%-d %b", time.localtime(moment))
    return f'<time datetime="{_machine(moment)}">{shown}</time>'


def _machine(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _day(moment: float) -> str:
    day = time.strftime("%A %-d %B", time.localtime(moment))
    return "Today" if day == time.strftime("%A %-d %B") else day
