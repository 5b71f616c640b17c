"""Compare a wheel with the checkout: every data file of the packages must be in it.

usage: wheel_contents.py CHECKOUT WHEEL
"""

from __future__ import annotations

import fnmatch
import subprocess
import sys
import zipfile
from pathlib import Path

PACKAGES = ("engine", "integrations", "alerts")
# The product does not start, see or show anything without these.
NEEDED = (
    "engine/default_config.yaml",
    "engine/hearing/arrays/*.yaml",
    "engine/hearing/models/*",
    "engine/seeing/models/*.onnx",
    "engine/**.yaml",
    "integrations/http/static/*.html",
    "*.dist-info/licenses/LICENSE",
    "*.dist-info/licenses/NOTICE",
)


def tracked(checkout: Path) -> set[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES], cwd=checkout, check=True, capture_output=True
    )
    return {name for name in listing.stdout.decode().split("\0") if name}


def main(checkout: Path, wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    hidden = {name for name in tracked(checkout) if Path(name).name.startswith(".")}
    absent = sorted(tracked(checkout) - hidden - held)
    absent += [glob for glob in NEEDED if not fnmatch.filter(held, glob)]
    strange = sorted(name for name in held if name.startswith(("tests/", "script/", "docs/")))
    for name in absent:
        print(f"not in the wheel: {name}")
    for name in strange:
        print(f"in the wheel by mistake: {name}")
    return 1 if absent or strange else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
