"""`python -m sandbox.art FOLDER`: draw everything that is not in the folder yet."""

import sys
from pathlib import Path

from sandbox.art.store import DRAWINGS, drawn


for name in DRAWINGS:
    drawn(name, Path(sys.argv[1]))
