"""When a message costs more than there is: what is missing, and the ways on."""

from urllib.parse import urlencode

from wagtail_sms.admin.quotes import priced
from wagtail_sms.admin.stock import stock
from wagtail_sms.campaigns.estimate import estimate_within_credits
from wagtail_sms.campaigns.models import Campaign
from wagtail_sms.campaigns.quotes import Quote
from wagtail_sms.credits import purchases


def ways_on(view, quote: Quote, draft: Campaign) -> dict:
    """The context of the page: what can be bought, whom the credits reach, and when free ones come."""
    draft_url = f"{view.address('send')}&draft={draft.form_token}"
    return {
        "stock": stock(view.site),
        "reached": priced(estimate_within_credits(view.site, body=draft.body, quote=quote)),
        "draft_url": draft_url,
        "buy_url": buy_url(view, needed=quote.shortfall, return_to=draft_url),
    }


def buy_url(view, *, needed: int, return_to: str) -> str:
    """The page to buy what is missing and come back; "" where nothing can be bought, or not by this user."""
    if not (view.may("buy_credits") and purchases.may_buy()):
        return ""
    return f"{view.address('buy_credits')}&{urlencode({'needed': needed, 'return_to': return_to})}"
