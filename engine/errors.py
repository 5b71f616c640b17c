"""Errors that are meant for people: one line, what is wrong and what to do.

Raised anywhere outside the core; only `engine.__main__` turns them into a line
on stderr and an exit code. Whoever raises one names the file, the key or the
device, and a remedy. Nothing here prints or exits.
"""

from __future__ import annotations

from typing import ClassVar


class HeliotropeError(Exception):
    """A message for a person, with an optional remedy after a semicolon.

    `lines` is what is printed, one problem a line; a line break inside a
    message (from a library's own error text) is folded into a space.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str | None = None) -> None:
        self.message = one_line(message)
        self.remedy = one_line(remedy) if remedy else None
        super().__init__(self.message if self.remedy is None else f"{self.message}; {self.remedy}")

    @property
    def lines(self) -> tuple[str, ...]:
        return (str(self),)


class RunError(HeliotropeError):
    """Something failed while running. Exit code 1."""

    exit_code = 1


class UserError(HeliotropeError):
    """The caller's mistake: configuration, arguments or input. Exit code 2."""

    exit_code = 2


class ManyErrors(UserError):
    """Several mistakes found in one go, each on its own line."""

    def __init__(self, errors: tuple[UserError, ...]) -> None:
        self.errors = errors
        super().__init__(" | ".join(str(error) for error in errors))

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line for error in self.errors for line in error.lines)


def one_line(text: str) -> str:
    """`text` with every run of white space, line breaks included, as one space.

    Other control characters become `?`, so that a hostile file name or key
    cannot move the cursor of a terminal.
    """
    folded = " ".join(text.split())
    return "".join(c if c.isprintable() else "?" for c in folded)
