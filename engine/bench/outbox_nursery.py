"""What the victims of the outbox's measurement are forked from: everything imported and warm."""

from engine.bench import outbox_child

outbox_child.warm()
