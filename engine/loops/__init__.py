"""The loops that carry events between the adapters and the brain."""
