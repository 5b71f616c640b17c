"""Print what the integrations used by our end-to-end tests require, read from their manifests.

Runs with Home Assistant's own interpreter. `--stub FOLDER` puts placeholders there for the two
sound modules that have no wheel for its CPython; the tests never use Assist's microphones.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import homeassistant
from homeassistant import bootstrap

OURS = {"blueprint", "generic", "history", "logbook", "mjpeg", "mobile_app", "mqtt", "recorder"}
# Imported by the former without being named in their manifests.
OURS |= {"assist_pipeline", "cloud", "conversation", "ffmpeg", "go2rtc", "hassio", "isal", "stream"}
OURS |= {"tts"}
WITHOUT_WHEEL = {"pymicro-vad": "MicroVad", "pyspeex-noise": "AudioProcessor"}
UNUSED = {"openai"}
STUB = '''class {name}:
    """A placeholder: these tests use no microphones."""

    def __init__(self, *_args, **_keywords):
        raise NotImplementedError
'''


def requirements() -> dict[str, str]:
    """Requirement lines by project name, over the manifests and all that they depend on."""
    components = Path(homeassistant.__file__).parent / "components"
    waiting = OURS | set(bootstrap.DEFAULT_INTEGRATIONS) | set(bootstrap.CORE_INTEGRATIONS)
    done: set[str] = set()
    found: dict[str, str] = {}
    while waiting - done:
        name = (waiting - done).pop()
        done.add(name)
        file = components / name / "manifest.json"
        if not file.exists():
            continue
        manifest = json.loads(file.read_text())
        waiting |= set(manifest.get("dependencies", []))
        for line in manifest.get("requirements", []):
            found[re.split(r"[=<>~!\[ ]", line)[0].lower()] = line
    return found


def main() -> None:
    if sys.argv[1:2] == ["--stub"]:
        for project, name in WITHOUT_WHEEL.items():
            module = project.replace("-", "_")
            if importlib.util.find_spec(module) is None:
                (Path(sys.argv[2]) / f"{module}.py").write_text(STUB.format(name=name))
        return
    skipped = WITHOUT_WHEEL.keys() | UNUSED
    print("\n".join(line for name, line in sorted(requirements().items()) if name not in skipped))


if __name__ == "__main__":
    main()
