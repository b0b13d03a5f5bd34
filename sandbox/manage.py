#!/usr/bin/env python
"""Django's command line for the sandbox; `sandbox/manage.py demo` starts everything."""

import os
import sys
from pathlib import Path


def main() -> None:
    # The script's own folder must not be importable as top level: its celery.py would hide Celery.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings")
    # Before Django: the demo only starts other processes, each with its own settings.
    if sys.argv[1:2] == ["demo"]:
        from sandbox.demo.runner import main as run_demo

        sys.exit(run_demo(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
