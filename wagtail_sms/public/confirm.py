"""The address where a visitor types the code that their phone got: nobody is subscribed before.

Whoever the number belongs to, the steps, the answers and the work done for them are the same.
"""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from wagtail.models import Site

from wagtail_sms import languages, phone
from wagtail_sms.delivery import carrier, notices
from wagtail_sms.exceptions import CodeRefused, OptInRefused
from wagtail_sms.extension import accepts_opt_ins
from wagtail_sms.public.steps import start_step
from wagtail_sms.public.submission import is_from_own_page, visitor_address, wishes
from wagtail_sms.subscribers import confirmation
from wagtail_sms.subscribers.models import PendingSignUp
from wagtail_sms.subscribers.texts import texts_for


# The status of the answer to each refusal.
STATUS = {"wrong": 422, "tries": 429, "expired": 410, "soon": 429, "over": 410, "unpaid": 503}


@csrf_exempt  # The ticket is the authority, and no other page knows it. See also is_from_own_page.
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, ticket: str) -> HttpResponse:
    """GET asks for the code. POST takes it, or with ``again`` sends another one."""
    site = Site.find_for_request(request)
    found = PendingSignUp.objects.filter(site=site, ticket=ticket, created_at__gt=timezone.now() - confirmation.KEPT)
    waiting = found.select_related("site", "wording").first() if site and accepts_opt_ins(site) else None
    language = waiting.wording.language if waiting else languages.match(wishes(request), languages.offered())
    with languages.speaking(language or languages.default()):
        response = _respond(request, site, waiting)
    # The address is a secret of the visitor's.
    response["Referrer-Policy"] = "same-origin"
    return response


def _respond(request: HttpRequest, site: Site | None, waiting: PendingSignUp | None) -> HttpResponse:
    if waiting is None:
        return _page(request, site, None, error=_("This sign-up is over. Please sign up again."), status=404)
    if waiting.confirmed_at or request.method != "POST":
        return _page(request, site, waiting)
    if not is_from_own_page(request):
        return _page(request, site, waiting, error=_("Send the form from a page of this site."), status=403)
    try:
        if "again" in request.POST:
            send_again(waiting, address=visitor_address(request))
            return HttpResponseRedirect(f"{request.path}?sent", status=303)
        finish(waiting, request.POST.get("code", ""))
    except CodeRefused as refusal:
        return _page(request, site, waiting, error=sentence(refusal), status=STATUS[refusal.code])
    except OptInRefused:
        error = _("We can't send you another code right now. Please try again later.")
        return _page(request, site, waiting, error=error, status=429)
    return HttpResponseRedirect(request.path, status=303)


def send_again(waiting: PendingSignUp, *, address: str) -> None:
    """Text another code. Raises CodeRefused, OptInRefused. Runs in its own transaction."""
    with transaction.atomic():
        code = confirmation.renew(waiting, address=address)
        notices.code(waiting, confirmation.text_of(waiting, code))


def finish(waiting: PendingSignUp, typed: str) -> None:
    """The subscription and its welcome text, if this is the code. Raises CodeRefused.

    The try and the rest are transactions of their own.
    """
    confirmation.take_try(waiting, _digits(typed))
    with transaction.atomic():
        blocking = carrier.blocking_sender(waiting.site, number=waiting.number, country=waiting.country)
        opted_in = confirmation.confirm(waiting, waits_for_start=bool(blocking))
        if opted_in is not None:
            notices.welcome(opted_in)


def sentence(refusal: CodeRefused) -> str:
    """What the person is told, in the language in force."""
    return {
        "wrong": _("That is not the code. Look at the text again."),
        "tries": _("That were too many tries. Ask for a new code."),
        "expired": _("This code is too old. Ask for a new one."),
        "soon": _("We have just texted you. Wait half a minute before you ask for another code."),
        "over": _("This sign-up is over. Please sign up again."),
        "unpaid": _("We can't send you a code right now. Please try again later."),
    }[refusal.code]


def _digits(typed: str) -> str:
    """The code as people type it: with spaces, or in the digits of their own script."""
    return "".join(str(int(character)) for character in typed[:40] if character.isdecimal())


def _page(
    request: HttpRequest, site: Site | None, waiting: PendingSignUp | None, *, error: str = "", status: int = 200
) -> HttpResponse:
    language = waiting.wording.language if waiting else languages.default()
    context = {"site": site, "error": error, "lang": language, "dir": languages.direction(language)}
    context |= {"waiting": waiting, "again_url": reverse("wagtail_sms_subscribe"), "sent": "sent" in request.GET}
    if waiting:
        context |= {"number": phone.mask(waiting.number), "thanks": texts_for(site, language).text("thanks_text")}
        if waiting.confirmed_at:
            blocking = carrier.blocking_sender(site, number=waiting.number, country=waiting.country)
            context["next_step"] = start_step(blocking) if blocking else None
    return render(request, "wagtail_sms/public/confirm.html", context, status=status)
