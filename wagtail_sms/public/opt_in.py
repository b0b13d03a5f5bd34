"""The address the popup and the inline form post to: a visitor asks for text messages."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from wagtail.models import Site

from wagtail_sms import languages, phone
from wagtail_sms.delivery import carrier, notices
from wagtail_sms.exceptions import CannotReceiveTexts, CodeRefused, NumberError, OptInRefused, UnknownCountry
from wagtail_sms.extension import accepts_opt_ins
from wagtail_sms.pricing.cards import credits_for
from wagtail_sms.public.steps import code_step, start_step
from wagtail_sms.public.submission import (
    Submission,
    Unreadable,
    is_from_own_page,
    is_json,
    read,
    storable,
    visitor_address,
    wishes,
)
from wagtail_sms.pwa.builder import current_build
from wagtail_sms.pwa.models import PwaBuild
from wagtail_sms.pwa.signup import language_for, signup_fields
from wagtail_sms.subscribers import confirmation, consent, protection
from wagtail_sms.subscribers.models import ConsentWording, PendingSignUp
from wagtail_sms.subscribers.settings import Confirmation, SmsSettings


class Refused(Exception):
    """The visitor can mend it: ``errors`` has a sentence per field, ``form`` for the whole."""

    def __init__(self, errors: dict[str, str], *, status: int = 422):
        self.errors, self.status = errors, status
        super().__init__(errors)


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks what, and in which of the site's languages they are answered. No ``build``: there is no form."""

    request: HttpRequest
    site: Site | None
    build: PwaBuild | None
    language: str


@csrf_exempt  # See is_from_own_page.
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Shows the form on a page of its own; takes it, from script (JSON) or without (form post)."""
    site = Site.find_for_request(request)
    build = current_build(site) if site is not None and accepts_opt_ins(site) else None
    language = language_for(build, wishes(request)) if build else languages.default()
    with languages.speaking(language):
        return _respond(Visit(request, site, build, language))


def _respond(visit: Visit) -> HttpResponse:
    if visit.build is None:
        return _answer(visit, errors={"form": _("This site does not send text messages.")}, status=404)
    if visit.request.method != "POST":
        return _answer(visit)
    if not is_from_own_page(visit.request):
        return _answer(visit, errors={"form": _("Send the form from a page of this site.")}, status=403)
    return _take(visit)


def _take(visit: Visit) -> HttpResponse:
    try:
        submission = read(visit.request)
    except Unreadable as reason:
        return _answer(visit, errors={"form": str(reason)}, status=reason.status)
    # What the form spoke, whatever the browser would rather hear.
    visit = replace(visit, language=language_for(visit.build, [submission.language, visit.language]))
    with languages.speaking(visit.language):
        try:
            next_step = _enrol(visit.request, visit.site, submission)
        except Refused as refusal:
            return _answer(visit, errors=refusal.errors, status=refusal.status, typed=submission.typed)
        return _answer(visit, thanks=True, next_step=next_step)


def _enrol(request: HttpRequest, site: Site, submission: Submission) -> dict[str, str] | None:
    """What is left to do for the visitor, if anything."""
    asks_for_code = SmsSettings.for_site(site).confirmation == Confirmation.CODE
    if submission.trapped:
        return code_step(secrets.token_urlsafe(24)) if asks_for_code else None
    visitor = {
        "address": visitor_address(request),
        "user_agent": storable(request.headers.get("User-Agent", "")),
        "source": "popup" if is_json(request) else "form",
    }
    if asks_for_code:
        return code_step(ask_for_code(site, submission, **visitor).ticket)
    blocking = enrol(site, submission, **visitor)
    return start_step(blocking) if blocking else None


def ask_for_code(site: Site, submission: Submission, *, address: str, user_agent: str, source: str) -> PendingSignUp:
    """Keep the sign-up until its code is typed in, and text the code, both or neither. Raises Refused.

    Runs in its own transaction. Asked again with the same key, it gives the same sign-up and texts nothing.
    """
    number, wording = _checked(site, submission)
    if waiting := confirmation.begun(site, number=number.number, key=submission.key):
        return waiting
    try:
        with transaction.atomic():
            protection.check(site, number=number.number, address=address)
            waiting, code = confirmation.begin(
                site,
                number=number,
                wording=wording,
                page_url=submission.page_url,
                build_id=submission.build_id,
                address=address,
                user_agent=user_agent,
                source=source,
                evidence=_delay(submission),
                key=submission.key,
            )
            notices.code(waiting, confirmation.text_of(waiting, code))
            return waiting
    except (OptInRefused, CodeRefused) as refusal:
        raise Refused({"form": str(OptInRefused.message)}, status=429) from refusal
    except IntegrityError:
        # Both of two repetitions came at once: the other one has begun it.
        if waiting := confirmation.begun(site, number=number.number, key=submission.key):
            return waiting
        raise


def enrol(site: Site, submission: Submission, *, address: str, user_agent: str, source: str) -> str:
    """Record the consent and queue the welcome text, both or neither. Raises Refused. Runs in its own transaction.

    Returns "", or our number if the network keeps its texts from this person until they text START to it: then the
    subscription begins with that, and no welcome text is sent in vain. A script that lost our answer asks again with
    the same key; that is not another attempt and changes nothing.
    """
    number, wording = _checked(site, submission)
    if submission.waited and consent.left_since(site, number=number.number, since=_agreed_at(submission)):
        raise Refused({"form": _("You unsubscribed after you sent this, and that counts.")}, status=409)
    blocking = carrier.blocking_sender(site, number=number.number, country=number.country)
    if consent.was_recorded(site, number=number.number, key=submission.key):
        return blocking
    try:
        with transaction.atomic():
            protection.check(site, number=number.number, address=address)
            opted_in = consent.opt_in(
                site,
                number=number,
                wording=wording,
                page_url=submission.page_url,
                build_id=submission.build_id,
                address=address,
                user_agent=user_agent,
                language=wording.language,
                source=source,
                waits_for_start=bool(blocking),
                evidence=_delay(submission),
                key=submission.key,
            )
            notices.welcome(opted_in)
    except OptInRefused as refusal:
        raise Refused({"form": str(refusal.message)}, status=429) from refusal
    except IntegrityError:
        # Both of two repetitions came at once: the other one has recorded it.
        if not consent.was_recorded(site, number=number.number, key=submission.key):
            raise
    return blocking


def _agreed_at(submission: Submission) -> datetime:
    """When the person agreed, if the phone kept it until there was a connection."""
    return timezone.now() - timedelta(seconds=submission.waited)


def _delay(submission: Submission) -> str:
    return f"kept by the phone for {submission.waited} s" if submission.waited else ""


def _checked(site: Site, submission: Submission) -> tuple[phone.PhoneNumber, ConsentWording]:
    """The number and the wording agreed to. Raises Refused with everything that is wrong at once."""
    errors: dict[str, str] = {}
    number = wording = None
    try:
        number = _number(submission)
    except UnknownCountry as error:
        errors["country"] = _("Choose your country.") if not submission.country else str(error.message)
    except NumberError as error:
        errors["phone"] = str(error.message) if submission.phone else _("Enter your mobile number.")
    if not submission.consent:
        errors["consent"] = _("Tick the box if you agree; without it we may not text you.")
    wording = _wording(site, submission)
    if wording is None:
        errors["form"] = _("This form is out of date. Reload the page and try again.")
    if errors:
        raise Refused(errors)
    return number, wording


def _wording(site: Site, submission: Submission) -> ConsentWording | None:
    """The wording that the form showed. One that names no language is believed while its version is in one only."""
    found = ConsentWording.objects.filter(site=site, version=submission.consent_version or 0)
    if submission.language:
        return found.filter(language=submission.language).first()
    candidates = list(found[:2])
    return candidates[0] if len(candidates) == 1 else None


def _number(submission: Submission) -> phone.PhoneNumber:
    if not submission.phone:
        raise NumberError
    number = phone.parse(submission.phone, submission.country or None)
    if not number.can_receive_texts:
        raise CannotReceiveTexts
    credits_for(number.country)
    return number


def _answer(
    visit: Visit,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    typed: dict | None = None,
    thanks: bool = False,
    next_step: dict[str, str] | None = None,
) -> HttpResponse:
    """The same outcome for a script (JSON) and for a person without one (a page with the form, filled in again)."""
    if is_json(visit.request):
        done = {"status": "subscribed"} | ({"next": next_step} if next_step else {})
        # A popup of any build shows what is left to do, and where; "subscribed" is what it takes for a yes.
        return JsonResponse({"errors": errors} if errors else done, status=status)
    if next_step and next_step["link"].startswith("/"):
        return HttpResponseRedirect(next_step["link"], status=303)
    build = visit.build if status != 403 else None
    context = {"site": visit.site, "head": build.head if build else {}, "thanks": thanks, "errors": errors or {}}
    context |= {"lang": visit.language, "dir": languages.direction(visit.language), "next_step": next_step}
    if build:
        context |= signup_fields(build, language=visit.language, typed=typed, errors=errors)
    return render(visit.request, "wagtail_sms/public/page.html", context, status=status)
