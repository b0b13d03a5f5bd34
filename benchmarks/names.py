"""What everything of the benchmark's own is called: database, queue, keys on Redis; and where its package is."""

import os
import re
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
NAME = os.environ.get("BENCH_NAME", "wagtail_sms_bench")
if not re.fullmatch(r"wagtail_sms_bench\w{0,20}", NAME):
    raise RuntimeError(f"BENCH_NAME is {NAME!r}: it must begin with wagtail_sms_bench, for what has it is dropped.")
