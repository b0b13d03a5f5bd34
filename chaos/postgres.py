"""A PostgreSQL of the trial's own, which may be knocked over without harming anybody else's."""

import glob
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from chaos.processes import free_port


SERVER_USER = "postgres"
DATABASE = "chaos"


def find_programs() -> Path | None:
    """The folder with initdb and pg_ctl: in PATH, where pg_config says, or where Debian puts them."""
    if shutil.which("initdb") and shutil.which("pg_ctl"):
        return Path(os.path.realpath(shutil.which("initdb"))).parent
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    if shutil.which("pg_config"):
        said = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        folders.insert(0, said.stdout.strip())
    return next((Path(folder) for folder in folders if (Path(folder) / "initdb").exists()), None)


def new_cluster() -> "Cluster | None":
    """Not started yet. None, with the reason said, where there can't be one."""
    programs = find_programs()
    try:
        import psycopg  # noqa: F401

        if programs is None:
            raise LookupError("no initdb was found")
        return Cluster(programs)
    except (ImportError, LookupError) as error:
        print(f"There is no PostgreSQL for this trial: {error}.", file=sys.stderr, flush=True)
        return None


class Cluster:
    """Started on a free port of this machine with fsync on, as an immediate restart deserves."""

    def __init__(self, programs: Path):
        # The server refuses to be root's. A KeyError where there is no such user.
        user = pwd.getpwnam(SERVER_USER) if os.geteuid() == 0 else None
        self.programs, self.port = programs, free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="wagtail-sms-chaos-pg-"))
        self.data = self.folder / "data"
        self._identity = {}
        if user:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    @property
    def url(self) -> str:
        return f"postgres://{SERVER_USER}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self) -> None:
        self._run("initdb", "-D", self.data, "-U", SERVER_USER, "-A", "trust", "-E", "UTF8", "--locale=C")
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n")
            conf.write("max_connections = 200\nfsync = on\nlog_min_messages = fatal\n")
            if self._version() >= 14:
                # After a crash every file is made sure of; one call for all of them instead of one for each.
                conf.write("recovery_init_sync_method = syncfs\n")
        self._control("start")
        self.create(DATABASE)

    def create(self, name: str) -> None:
        self._execute(f"CREATE DATABASE {name}", database="postgres")

    def restart(self) -> None:
        """Every connection is cut, nothing is flushed, and the server recovers from its log as after a crash."""
        self._control("restart", "-m", "immediate")

    def down(self) -> None:
        self._control("stop", "-m", "immediate")

    def up(self) -> None:
        self._control("start")

    def dump(self, path: Path) -> None:
        """The rows as they are, for whoever looks into a finding."""
        with open(path, "w") as file:
            subprocess.run([str(self.programs / "pg_dump"), self.url], stdout=file, check=False)

    def remove(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def checkpoint(self) -> None:
        """So that a restart has the trial to recover and not the loading before it."""
        self._execute("CHECKPOINT", database=DATABASE)

    def _execute(self, statement: str, *, database: str) -> None:
        import psycopg

        with psycopg.connect(self.url.replace(f"/{DATABASE}", f"/{database}"), autocommit=True) as connection:
            connection.execute(statement)

    def _version(self) -> int:
        return int((self.data / "PG_VERSION").read_text().strip().partition(".")[0])

    def _control(self, verb: str, *options: str) -> None:
        self._run("pg_ctl", verb, "-D", self.data, "-w", "-t", "60", "-s", "-l", self.folder / "server.log", *options)

    def _run(self, program: str, *arguments) -> None:
        # A file and no pipe: the server that pg_ctl starts would hold the pipe open.
        with open(self.folder / "programs.log", "a") as log:
            command = [str(self.programs / program), *map(str, arguments)]
            subprocess.run(command, cwd="/", stdout=log, stderr=log, check=True, **self._identity)
