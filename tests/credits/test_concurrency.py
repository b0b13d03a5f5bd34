"""Real processes that want the same credits at the same time, on a real database."""

import collections
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection


ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).with_name("contend.py")

pytestmark = pytest.mark.processes


def contend(*arguments, **environment):
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


def assert_every_credit_was_given_once(result):
    """Of 800 credits, 100 are reserved under one key by all eight processes, and 700 in slices of 7."""
    seen = sum(map(collections.Counter, result["outcomes"]), collections.Counter())
    assert not [name for name in seen if name.startswith("error")]
    assert (seen["reserved"], seen["refused"]) == (100, 140)
    assert (seen["shared"], seen["captured"], seen["released"]) == (8, 8, 8)
    assert (result["reservations"], result["shared"]) == (101, [40, 60])
    assert (seen["month"], result["months"]) == (500, ["2026-11", "2026-12"])
    assert (seen["lapsed"], result["balance"]) == (60, [500, 0, 700])
    assert result["discrepancies"] == []


def assert_every_month_came_once(result):
    """100 attempts at the first instant of December and of January, then with the clock set back, then put right."""
    seen = sum(map(collections.Counter, result["outcomes"]), collections.Counter())
    assert not [name for name in seen if name.startswith("error")]
    assert len(result["outcomes"]) == 100
    assert result["months"] == ["2026-11", "2026-12", "2027-01"]
    assert result["issued"] == [500, 300, 500, 500]
    # 71 slices of 7 fit into January's 500 and the rest comes from the 300 that were bought.
    assert (seen["reserved"], result["figures"]) == (100, [0, 100, 700])
    assert result["discrepancies"] == []


on_postgresql = pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="needs DATABASE_URL with PostgreSQL"
)


@pytest.fixture
def scratch():
    """The address of an empty PostgreSQL database beside the tests' own."""
    base, _slash, name = os.environ["DATABASE_URL"].rpartition("/")
    scratch = f"{name}_contention_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}"')
        cursor.execute(f'CREATE DATABASE "{scratch}"')
    yield f"{base}/{scratch}"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}" WITH (FORCE)')


@pytest.mark.parametrize("mode", ["IMMEDIATE", "DEFERRED"])
def test_eight_processes_share_a_wallet_on_sqlite(tmp_path, mode):
    assert_every_credit_was_given_once(contend("wallet", mode, TEST_VAR=str(tmp_path)))


@pytest.mark.parametrize("mode", ["IMMEDIATE", "DEFERRED"])
def test_a_hundred_attempts_at_a_months_first_instant_on_sqlite(tmp_path, mode):
    assert_every_month_came_once(contend("month", mode, TEST_VAR=str(tmp_path)))


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_eight_processes_share_a_wallet_on_postgresql(tmp_path, scratch):
    assert_every_credit_was_given_once(contend("wallet", DATABASE_URL=scratch, TEST_VAR=str(tmp_path)))


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_hundred_attempts_at_a_months_first_instant_on_postgresql(tmp_path, scratch):
    assert_every_month_came_once(contend("month", DATABASE_URL=scratch, TEST_VAR=str(tmp_path)))
