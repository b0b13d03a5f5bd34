"""Thousands of keys or rows in one statement: one parameter a column instead of thousands, each prepared for itself."""

import json
from collections.abc import Collection, Sequence

from django.db import connection


# The sub-select keeps PostgreSQL from looking at the values: it would take them for so many that it reads a whole
# campaign instead of the rows asked for. The type matters too: values narrower than the column are compared one by one.
POSTGRESQL = "{column} = ANY((SELECT %s::{type}[])::{type}[])"
SQLITE = "{column} IN (SELECT value FROM json_each(%s))"


def any_of(column: str, keys: Collection[int]) -> tuple[str, list]:
    """SQL that `column`, of big integers, is one of `keys`, with its parameters."""
    return _any(column, keys, "bigint")


def any_text_of(column: str, texts: Collection[str]) -> tuple[str, list]:
    """SQL that `column`, of texts, is one of `texts`, with its parameters."""
    return _any(column, texts, "text")


def _any(column: str, values: Collection, type_: str) -> tuple[str, list]:
    if connection.vendor == "sqlite":
        return SQLITE.format(column=column), [json.dumps(list(values))]
    return POSTGRESQL.format(column=column, type=type_), [list(values)]


def table_of(columns: dict[str, str], rows: Sequence[tuple]) -> tuple[str, list]:
    """FROM for `rows` as a table, with its parameters. `columns` are their names and PostgreSQL's types."""
    if connection.vendor == "sqlite":
        fields = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
        return f"(SELECT {fields} FROM json_each(%s))", [json.dumps(rows)]  # noqa: S608 only names of ours
    arrays = ", ".join(f"%s::{type_}[]" for type_ in columns.values())
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _column in columns]
    return f"(SELECT * FROM unnest({arrays}) AS listed({', '.join(columns)}))", values  # noqa: S608


def execute(sql: str, parameters: list) -> int:
    """Run a statement; returns the rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def fetch(sql: str, parameters: list | dict) -> list[tuple]:
    """Run a query; returns its rows."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
