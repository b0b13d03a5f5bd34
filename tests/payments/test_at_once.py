"""The same payments told by real processes at the same time, on a real database."""

import collections
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests.payments.pay_at_once import PROCESSES, PURCHASES


ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("pay_at_once.py")

pytestmark = pytest.mark.processes


def pay_at_once(*arguments, **environment):
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        env={**inherited, "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "tests.settings", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def assert_every_payment_was_credited_once(result):
    """Six purchases of 100 credits, paid by sixteen events each and refunded to 30 % in between."""
    seen = sum(map(collections.Counter, result["outcomes"]), collections.Counter())
    assert seen == {"ordered": PROCESSES, "confirmed": PROCESSES * PURCHASES * 4}
    assert result["of one form"] == 1
    assert result["states"] == [["paid", 30, 0]]
    assert (result["grants"], result["left"]) == (PURCHASES, PURCHASES * 70)
    assert (result["webhooks"], result["events"]) == (PURCHASES, PURCHASES * (1 + 3 * PROCESSES))
    assert result["discrepancies"] == []


@pytest.mark.parametrize("mode", ["IMMEDIATE", "DEFERRED"])
def test_eight_processes_hear_of_the_same_payments_on_sqlite(tmp_path, mode):
    assert_every_payment_was_credited_once(pay_at_once(mode, TEST_VAR=str(tmp_path)))


@pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="needs DATABASE_URL with PostgreSQL"
)
@pytest.mark.django_db(transaction=True)
def test_eight_processes_hear_of_the_same_payments_on_postgresql(tmp_path):
    base, _slash, name = os.environ["DATABASE_URL"].rpartition("/")
    scratch = f"{name}_payments"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}"')
        cursor.execute(f'CREATE DATABASE "{scratch}"')
    try:
        assert_every_payment_was_credited_once(pay_at_once(DATABASE_URL=f"{base}/{scratch}", TEST_VAR=str(tmp_path)))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}" WITH (FORCE)')
