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


@pytest.mark.parametrize("mode", ["IMMEDIATE", "DEFERRED"])
def test_eight_processes_share_a_wallet_on_sqlite(tmp_path, mode):
    assert_every_credit_was_given_once(contend(mode, TEST_VAR=str(tmp_path)))


@pytest.mark.skipif(
    not os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="needs DATABASE_URL with PostgreSQL"
)
@pytest.mark.django_db(transaction=True)
def test_eight_processes_share_a_wallet_on_postgresql(tmp_path):
    base, _slash, name = os.environ["DATABASE_URL"].rpartition("/")
    scratch = f"{name}_contention"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}"')
        cursor.execute(f'CREATE DATABASE "{scratch}"')
    try:
        assert_every_credit_was_given_once(contend(DATABASE_URL=f"{base}/{scratch}", TEST_VAR=str(tmp_path)))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{scratch}" WITH (FORCE)')
