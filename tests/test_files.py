"""Files that are either the old or the new one, and belong to whoever must read them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.files import write_atomically

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")


@root
def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 2345)
    file = tmp_path / "file"
    for data in (b"new", b"newer"):
        write_atomically(file, data)
        about = file.stat()
        assert (about.st_uid, about.st_gid, about.st_mode & 0o777) == (1234, 2345, 0o600)
        # What an earlier run of root's left behind is healed by the next.
        os.chown(file, 0, 0)
