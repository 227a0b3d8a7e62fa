"""Messages to people and webhooks."""
