from threading import Thread

import pytest
from django.core.exceptions import ImproperlyConfigured

from wagtail_sms.providers import get_provider, providers
from wagtail_sms.providers.locmem import LocmemProvider


LOCMEM = "wagtail_sms.providers.locmem.LocmemProvider"


def configure(settings, **entries):
    settings.WAGTAIL_SMS = {**settings.WAGTAIL_SMS, "PROVIDERS": entries}


def test_alias_gives_one_instance(settings):
    configure(settings, default={"BACKEND": LOCMEM})
    assert isinstance(get_provider(), LocmemProvider)
    assert get_provider() is providers["default"]


def test_all_threads_share_the_instance(settings):
    configure(settings, default={"BACKEND": LOCMEM})
    found = []
    threads = [Thread(target=lambda: found.append(get_provider())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [get_provider()] * 4


def test_changed_settings_make_a_new_instance(settings):
    configure(settings, default={"BACKEND": LOCMEM})
    before = get_provider()
    configure(settings, default={"BACKEND": LOCMEM, "OPTIONS": {"PRICES": {"US": "1"}}})
    assert get_provider() is not before
    assert get_provider().prices == {"US": "1"}


def test_unknown_alias_is_a_configuration_error(settings):
    configure(settings, default={"BACKEND": LOCMEM})
    with pytest.raises(ImproperlyConfigured, match="other"):
        get_provider("other")


@pytest.mark.parametrize(
    "entry, words",
    [
        ({"BACKEND": "nowhere.Nothing"}, "nowhere"),
        ({"OPTIONS": {}}, "must look like"),
        ({"BACKEND": LOCMEM, "OPTION": {}}, "must look like"),
        ({"BACKEND": LOCMEM, "OPTIONS": {"PRIZES": {}}}, "Did you mean 'PRICES'"),
        ("a string", "must look like"),
    ],
)
def test_broken_entry_says_what_to_write(settings, entry, words):
    configure(settings, default=entry)
    with pytest.raises(ImproperlyConfigured, match=words):
        get_provider()
