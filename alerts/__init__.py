"""Alerts: rules, evidence, the outbox and the channels. Empty until away mode has them."""
