"""An editor's browser: signed in to the admin, with the page in hand on which *Send now* stands."""

import http.client
import re
from urllib.parse import urlencode, urlsplit
from uuid import uuid4


PATIENCE = 120
INPUT = re.compile(r'name="(form_token|quote|repeat_of|csrfmiddlewaretoken)"\s+value="([^"]*)"')


class Editor:
    """A session of one editor. `pages` are the addresses of the site's web processes, all the same to a browser."""

    def __init__(self, site, pages: list[str]):
        from django.conf import settings
        from django.urls import reverse

        self.site, self.pages = site, pages
        self.path = reverse("wagtail_sms:send")
        self.cookies = {settings.SESSION_COOKIE_NAME: _session()}

    def review(self, body: str) -> dict[str, str]:
        """Write it and press *Send*: the fields of the page that asks once more."""
        if "csrftoken" not in self.cookies:
            self._call(self.pages[0], "GET", f"{self.path}?sms_site={self.site.pk}")
        fields = {"body": body, "form_token": uuid4(), "csrfmiddlewaretoken": self.cookies["csrftoken"]}
        status, text, _location = self._call(self.pages[0], "POST", self.path, {"sms_site": self.site.pk, **fields})
        found = dict(INPUT.findall(text.partition('class="wagtail-sms-actions"')[2]))
        if status != 200 or "quote" not in found:
            raise RuntimeError(f"The page that asks once more is not there: {status} {text[:200]}")
        return {"sms_site": str(self.site.pk), "body": body, "action-send": "1", **found}

    def click(self, page: str, form: dict[str, str], start) -> str:
        """Press *Send now* when everybody does: where it leads, or what went wrong."""
        line = _line(page)
        try:
            line.connect()
            start.wait(60)
            status, _text, location = self._ask(line, "POST", self.path, form)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            line.close()
        return location.partition("?")[0] if status == 302 else f"status {status}"

    def _call(self, page: str, method: str, path: str, form: dict | None = None) -> tuple[int, str, str]:
        line = _line(page)
        try:
            return self._ask(line, method, path, form)
        finally:
            line.close()

    def _ask(self, line, method: str, path: str, form: dict | None) -> tuple[int, str, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line.request(method, path, urlencode(form or {}), {**headers, "Connection": "close"})
        answer = line.getresponse()
        text = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _equals, value = cookie.partition(";")[0].partition("=")
            if name == "csrftoken":
                self.cookies[name] = value
        return answer.status, text, answer.getheader("Location", "")


def _line(page: str) -> http.client.HTTPConnection:
    parts = urlsplit(page)
    return http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)


def _session() -> str:
    """The key of a session in which somebody who may do everything is signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.create_superuser("editor", "editor@example.org", uuid4().hex)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session.save()
    return session.session_key
