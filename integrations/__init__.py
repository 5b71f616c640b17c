"""The page, the broker, Home Assistant: what the engine meets outside."""
