import pytest
from django.contrib.auth.models import User


@pytest.fixture
def superuser(db) -> User:
    return User.objects.create_superuser("ada", "ada@example.org", "secret", first_name="Ada", last_name="Lindqvist")
