"""Loads what lies under script/ as a module, with or without `.py`, so that tests can call it."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).resolve().parent.parent


def script(name: str) -> ModuleType:
    """The module of script/`name`. Raises FileNotFoundError where there is none."""
    loader = importlib.machinery.SourceFileLoader(
        name.removesuffix(".py"), str(CHECKOUT / "script" / name)
    )
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
