"""The subcommands of `heliotrope`, one module each.

A command module has `HELP` (one line), `EXAMPLES` (lines of shell), and the
functions `configure(parser)` and `run(arguments) -> int` (the exit code). It
is imported only when it is asked for, so that `heliotrope --help` stays quick.
"""
