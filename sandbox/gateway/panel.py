"""The markup of the switches: what the network does now, and what else it could do."""

from html import escape

from sandbox.gateway.store import Store
from sandbox.gateway.switches import ACCOUNT, ANSWERS, PHONE, REPORTS, Choice, Switch, read


def network(store: Store, *, phone: str = "") -> str:
    """The panel; with a phone, that phone's own switch comes first."""
    shown = (PHONE, ANSWERS, REPORTS, ACCOUNT) if phone else (ANSWERS, REPORTS, ACCOUNT)
    groups = "".join(_switch(store, switch, phone) for switch in shown)
    return f"""<section class="panel" id="network" aria-labelledby="panel-title">
<h2 id="panel-title">What the network does</h2>
<p class="panel__lead">Make things go wrong and watch how the site copes.</p>
<div data-poll="/gateway/?part=status">{status(store)}</div>
{groups}</section>"""


def status(store: Store) -> str:
    """How much went through, and what the site has not taken yet."""
    texts = store.value("SELECT COUNT(*) FROM texts WHERE direction = 'to_phone'")
    waiting = store.value("SELECT COUNT(*) FROM events WHERE call AND attempts > 0 AND due_at < 9e12")
    late = f"<dt>Calls the site did not take yet</dt><dd>{waiting:,}</dd>" if waiting else ""
    return f'<dl class="panel__status"><dt>Texts taken</dt><dd>{texts:,}</dd>{late}</dl>'


def _switch(store: Store, switch: Switch, page: str) -> str:
    phone = page if switch is PHONE else ""
    value = read(store, switch.name, phone=phone).value
    current = next(choice for choice in switch.choices if choice.value == value)
    buttons = "".join(_button(choice, choice is current) for choice in switch.choices)
    odd = " switch--odd" if current is not switch.normal else ""
    title = f"switch-{switch.name}"
    return f"""<form class="switch{odd}" method="post" action="/gateway/switches" aria-labelledby="{title}">
<h3 id="{title}">{escape(switch.label)}</h3>
<p class="switch__now">{escape(current.explanation)}</p>
<input type="hidden" name="name" value="{switch.name}"><input type="hidden" name="phone" value="{phone}">
<input type="hidden" name="page" value="{page}">
<div class="switch__choices">{buttons}</div></form>"""


def _button(choice: Choice, pressed: bool) -> str:
    return (
        f'<button name="value" value="{choice.value}" aria-pressed="{str(pressed).lower()}" '
        f'title="{escape(choice.explanation)}">{escape(choice.label)}</button>'
    )
