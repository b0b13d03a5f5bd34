"""The network's memory: one SQLite file, and beside it a journal that only ever grows."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any


SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, direction TEXT NOT NULL, reference TEXT, originator TEXT NOT NULL, body TEXT NOT NULL,
    datacoding TEXT NOT NULL, report_url TEXT NOT NULL, parts INTEGER NOT NULL, created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_reference ON messages (reference);
CREATE TABLE IF NOT EXISTS texts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL REFERENCES messages (id),
    phone TEXT NOT NULL, number TEXT NOT NULL, direction TEXT NOT NULL,
    status TEXT NOT NULL, status_at REAL NOT NULL, reason TEXT NOT NULL DEFAULT '', code INTEGER,
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS texts_phone ON texts (phone, id);
CREATE INDEX IF NOT EXISTS texts_message ON texts (message_id);
CREATE TABLE IF NOT EXISTS phones (
    number TEXT PRIMARY KEY, country TEXT NOT NULL, last_text INTEGER NOT NULL, unread INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS phones_last ON phones (last_text);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, text_id INTEGER NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT NOT NULL, code INTEGER, due_at REAL NOT NULL, happened_at REAL, call INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS events_due ON events (due_at);
CREATE INDEX IF NOT EXISTS events_text ON events (text_id);
CREATE TABLE IF NOT EXISTS numbers (
    number TEXT PRIMARY KEY, country TEXT NOT NULL, bought_at REAL NOT NULL, purchases INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS switches (
    name TEXT NOT NULL, phone TEXT NOT NULL, value TEXT NOT NULL, seconds REAL NOT NULL, remaining INTEGER,
    PRIMARY KEY (name, phone)
);
CREATE TABLE IF NOT EXISTS bird_messages (
    message_id TEXT PRIMARY KEY, metadata TEXT NOT NULL, sender TEXT NOT NULL, category TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS bird_keys (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, used_at REAL NOT NULL,
    uses INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS bird_suppressions (
    id TEXT PRIMARY KEY, originator TEXT NOT NULL, destination TEXT NOT NULL, reason TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
TABLES = ("events", "texts", "messages", "phones", "numbers", "switches")
TABLES += ("bird_messages", "bird_keys", "bird_suppressions")


class Store:
    """One connection behind one lock: a demo network has no need for more, and nothing can interleave."""

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.lock = RLock()
        self._depth = 0
        self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None, timeout=20)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)
        self.journal_path = self.path.with_suffix(".journal")
        self._journal = self.journal_path.open("a", encoding="utf-8")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; inside another one it simply belongs to it."""
        with self.lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    def write(self, sql: str, *values: Any) -> int:
        """Run a statement; the id of the row it inserted."""
        with self.lock:
            return self._db.execute(sql, values).lastrowid

    def write_all(self, sql: str, rows: list[tuple]) -> None:
        with self.lock:
            self._db.executemany(sql, rows)

    def rows(self, sql: str, *values: Any) -> list[tuple]:
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> tuple | None:
        with self.lock:
            return self._db.execute(sql, values).fetchone()

    def value(self, sql: str, *values: Any) -> Any:
        found = self.row(sql, *values)
        return found[0] if found else None

    def fact(self, name: str, default: str = "") -> str:
        found = self.value("SELECT value FROM facts WHERE name = ?", name)
        return default if found is None else found

    def remember(self, name: str, value: str) -> None:
        self.write("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    def journal(self, entries: list[dict[str, Any]]) -> None:
        """Append one line for each text that was taken; call it after the commit and before the answer."""
        now = time.time()
        with self.lock:
            self._journal.writelines(json.dumps({"at": now} | entry) + "\n" for entry in entries)
            self._journal.flush()

    def journal_length(self) -> int:
        """How many texts were ever taken."""
        with self.journal_path.open(encoding="utf-8") as lines:
            return sum(1 for line in lines if '"recipient"' in line)

    def forget_everything(self) -> None:
        """Empty the network; the journal stays."""
        with self.writing():
            for table in TABLES:
                self.write(f"DELETE FROM {table}")
        self.journal([{"reset": True}])

    def close(self) -> None:
        with self.lock:
            self._journal.close()
            self._db.close()
