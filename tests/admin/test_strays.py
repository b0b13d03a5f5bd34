"""Texts that are for no site: in no inbox, and yet shown."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.admin.conftest import permission, signed_in
from tests.delivery.test_inbound import PERSON, text_in
from tests.factories import make_subscriber
from wagtail_sms.doctor import examine


pytestmark = pytest.mark.django_db
NOBODYS = "+12015550999"


def texts() -> list[str]:
    return [one.sentence for one in examine() if one.subject == "Texts"]


def test_a_text_to_a_number_that_no_site_has_is_shown_to_the_operator(client, admin_client, site):
    make_subscriber(site, PERSON)
    assert texts() == []
    text_in(client, "Is <b>anybody</b> there?", recipient=NOBODYS)
    page = admin_client.get(reverse("wagtail_sms:all_numbers")).content.decode()
    assert "Texts to numbers that no site has" in page and "Is &lt;b&gt;anybody&lt;/b&gt; there?" in page
    assert "+1 201-555-0999" in page and PERSON not in page.replace(" ", "").replace("-", "")
    assert [f"to {NOBODYS}" in sentence for sentence in texts()] == [True]


def test_who_may_not_read_texts_sees_that_one_came_and_not_what_it_says(client, site):
    text_in(client, "My doctor said no", recipient=NOBODYS)
    operator = User.objects.create_user("olga", password="secret")
    operator.user_permissions.add(permission("access_admin"), permission("change_sender"))
    page = signed_in(operator).get(reverse("wagtail_sms:all_numbers")).content.decode()
    assert "Texts to numbers that no site has" in page and "+1 201-555-0999" in page
    assert "My doctor said no" not in page


def test_nothing_is_said_of_texts_to_numbers_of_sites(client, admin_client, site):
    make_subscriber(site, PERSON)
    text_in(client, "See you tonight")
    assert "no site has" not in admin_client.get(reverse("wagtail_sms:all_numbers")).content.decode()
    assert texts() == []
