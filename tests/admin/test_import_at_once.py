"""Imports that run at the same time, in processes of their own as far as the database can tell."""

from threading import Thread

import pytest
from django.db import connections

from tests import factories
from tests.admin.conftest import make_editor
from wagtail_sms.states import ImportStatus, SubscriberStatus
from wagtail_sms.subscribers import imports
from wagtail_sms.subscribers.consent import stop
from wagtail_sms.subscribers.models import ConsentEvent, Subscriber, SubscriberImport


pytestmark = pytest.mark.django_db(transaction=True)
NUMBERS = "\n".join(f"+336123{place:05d}" for place in range(1500)).encode()


def checked(site, editor) -> SubscriberImport:
    found = imports.upload(site, content=NUMBERS, file_name="a.csv", country="", consent="On paper, in June", by=editor)
    imports.check(found, columns={"number": 0})
    assert found.status == ImportStatus.CHECKED and found.figures == {"new": 1500}
    return found


def at_once(*works) -> None:
    def work(function, argument):
        try:
            function(argument)
        finally:
            connections.close_all()

    threads = [Thread(target=work, args=each) for each in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def site():
    return factories.make_installed_site()


def test_two_imports_at_once_add_each_person_once(site):
    first, second = (checked(site, make_editor(name, site, "import_subscriber")) for name in ("Ada", "Bo"))
    at_once((imports.confirm, first), (imports.confirm, second))
    for found in (first, second):
        found.refresh_from_db()
        assert found.status == ImportStatus.DONE
    assert first.figures.get("new", 0) + second.figures.get("new", 0) == 1500
    assert Subscriber.objects.count() == ConsentEvent.objects.count() == 1500


def test_two_clicks_at_once_import_once(site):
    found = checked(site, make_editor("Ada", site, "import_subscriber"))
    at_once(*[(imports.confirm, SubscriberImport.objects.get(pk=found.pk)) for _click in range(3)])
    found.refresh_from_db()
    assert found.status == ImportStatus.DONE and found.figures == {"new": 1500}
    assert Subscriber.objects.count() == ConsentEvent.objects.count() == 1500


def test_two_workers_at_once_import_once(site):
    found = checked(site, make_editor("Ada", site, "import_subscriber"))
    SubscriberImport.objects.filter(pk=found.pk).update(status=ImportStatus.IMPORTING, rows_done=0, figures={})
    at_once(*[(imports.run, found.pk) for _worker in range(2)])
    found.refresh_from_db()
    assert found.status == ImportStatus.DONE and found.figures == {"new": 1500}
    assert Subscriber.objects.count() == ConsentEvent.objects.count() == 1500


def test_a_stop_in_the_middle_of_an_import_waits_for_it_and_counts(site, monkeypatch):
    found, add, stopping = checked(site, make_editor("Ada", site, "import_subscriber")), imports._add, []

    def add_while_somebody_stops(*args):
        stopping.append(Thread(target=at_once, args=[(lambda number: stop(site, number=number), "+33612300007")]))
        stopping[0].start()
        stopping[0].join(0.5)
        monkeypatch.setattr(imports, "_add", add)
        return add(*args)

    monkeypatch.setattr(imports, "_add", add_while_somebody_stops)
    imports.confirm(found)
    stopping[0].join()
    assert Subscriber.objects.get(number="+33612300007").status == SubscriberStatus.STOPPED
    assert Subscriber.objects.filter(status=SubscriberStatus.ACTIVE).count() == 1499
