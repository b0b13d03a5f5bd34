"""Serves the files of a site's build, and what stands in their place where there is none."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils.cache import patch_cache_control
from django.utils.http import http_date, parse_etags, quote_etag
from django.views.decorators.http import require_safe
from pwa import views as django_pwa
from wagtail.models import Site

from wagtail_sms.pwa import render
from wagtail_sms.pwa.models import PwaBuild, PwaBuildFile


@login_not_required
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The current build's worker; without a build one that clears up and leaves."""
    response = _current(request, "worker.js") or _source("kill.js")
    response["Service-Worker-Allowed"] = get_script_prefix()
    return response


@login_not_required
@require_safe
def boot(request: HttpRequest) -> HttpResponse:
    """The one script of every page; empty without a build, for pages kept by a cache from before."""
    return _current(request, "boot.js") or _text("", render.JAVASCRIPT)


@login_not_required
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """The current build's manifest; without a build django-pwa's own."""
    return _current(request, "manifest.json") or django_pwa.manifest(request)


@login_not_required
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    return _current(request, "offline.html") or django_pwa.offline(request)


@login_not_required
@require_safe
def signup_styles(request: HttpRequest) -> HttpResponse:
    """Styles of the inline form, for pages that carry no build id."""
    return _current(request, "popup.css") or _source("popup.css", content_type=render.STYLES)


@login_not_required
@require_safe
def build_file(request: HttpRequest, build_id: str, name: str) -> HttpResponse:
    """A file of any build the site still keeps: an open page goes on with the modules it began with."""
    return _forever(_find(request, name=name, build__build_id=build_id))


@login_not_required
@require_safe
def icon(request: HttpRequest, name: str) -> HttpResponse:
    return _forever(_find(request, name=name, content_type__startswith="image/"))


def _site(request: HttpRequest) -> Site:
    site = Site.find_for_request(request)
    if site is None:
        raise Http404("No site answers to this address.")
    return site


def _current(request: HttpRequest, name: str) -> HttpResponse | None:
    site = Site.find_for_request(request)
    build = site and PwaBuild.objects.current().filter(site=site).first()
    file = build and build.files.filter(name=name).first()
    return _checked_each_time(request, file) if file else None


def _find(request: HttpRequest, **named: str) -> PwaBuildFile:
    site, file = _site(request), None
    # PostgreSQL refuses a query with a zero byte in it.
    if not any("\0" in value for value in named.values()):
        file = PwaBuildFile.objects.filter(build__site=site, **named).order_by("-build__number").first()
    if file is None:
        raise Http404("No build of this site has that file.")
    return file


def _checked_each_time(request: HttpRequest, file: PwaBuildFile) -> HttpResponse:
    """Revalidated at every use; answers 304 while the bytes are the same."""
    etag = quote_etag(file.sha256[:32])
    known = parse_etags(request.headers.get("If-None-Match", ""))
    # A proxy that compresses weakens the tag; it is the same file all the same (RFC 9110, 13.1.2).
    if known == ["*"] or etag in [tag.removeprefix("W/") for tag in known]:
        response = HttpResponse(status=304)
        patch_cache_control(response, no_cache=True)
    else:
        response = _text(bytes(file.body), file.content_type)
    response["ETag"] = etag
    return response


def _forever(file: PwaBuildFile) -> HttpResponse:
    response = HttpResponse(bytes(file.body), content_type=file.content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["ETag"] = quote_etag(file.sha256[:32])
    response["Last-Modified"] = http_date(file.build.created_at.timestamp())
    patch_cache_control(response, public=True, max_age=31536000, immutable=True)
    return response


def _source(name: str, *, content_type: str = render.JAVASCRIPT) -> HttpResponse:
    return _text(render.source(name), content_type)


def _text(body: str | bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(body, content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, no_cache=True)
    return response
