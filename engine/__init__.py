"""Heliotrope: a head that turns to face you."""

__version__ = "0.1.0"
