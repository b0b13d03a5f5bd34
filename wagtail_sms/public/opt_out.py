"""The page behind the link of a text that can't be answered: one button ends the messages.

The link is the authority, so there is no sign-in and no cookie. Looking at the page changes nothing: what fetches links
before a person does would unsubscribe people.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from wagtail_sms import languages
from wagtail_sms.phone import mask
from wagtail_sms.public.submission import wishes
from wagtail_sms.states import SubscriberStatus
from wagtail_sms.subscribers import consent
from wagtail_sms.subscribers.links import subscriber_of
from wagtail_sms.subscribers.models import Subscriber
from wagtail_sms.subscribers.settings import SmsSettings


@csrf_exempt  # Whoever has the link may press the button, and nobody else knows where to post.
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def opt_out(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST stops. A link that nobody got, or of somebody who was deleted, is a 404 that says so."""
    person = subscriber_of(token)
    if person is not None and request.method == "POST" and person.status != SubscriberStatus.STOPPED:
        consent.stop(person.site, number=person.number, source="link")
        person.refresh_from_db()
    return _page(request, person)


def _page(request: HttpRequest, person: Subscriber | None) -> HttpResponse:
    context, language = {"person": person}, languages.match(wishes(request), languages.offered()) or languages.default()
    if person is not None:
        settings = SmsSettings.for_site(person.site)
        language = settings.language_for(person.language, *wishes(request))
        context |= {
            "brand": settings.sender_name,
            "number": mask(person.number),
            "stopped": person.status == SubscriberStatus.STOPPED,
        }
    context |= {"lang": language, "dir": languages.direction(language)}
    with languages.speaking(language):
        response = render(request, "wagtail_sms/public/opt_out.html", context, status=200 if person else 404)
    # The address is a key: no other site is told of it, and no search engine keeps it.
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
