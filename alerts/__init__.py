"""Alerts: rules, evidence, the outbox, the post office and the channels."""
