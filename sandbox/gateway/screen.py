"""The markup of one phone: its screen with the bubbles, and the field to reply."""

import time
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from sandbox.gateway.phones import Text, display
from sandbox.gateway.prices import country_name, country_of


QUICK_REPLIES = ("STOP", "START", "HELP")


@dataclass(frozen=True)
class PhoneView:
    number: str
    site_number: str
    site_numbers: list[str]
    texts: list[Text]


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
    return f'<time datetime="{machine(moment)}">{time.strftime("%H:%M", time.localtime(moment))}</time>'


def machine(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def _day(moment: float) -> str:
    day = time.strftime("%A %-d %B", time.localtime(moment))
    return "Today" if day == time.strftime("%A %-d %B") else day
