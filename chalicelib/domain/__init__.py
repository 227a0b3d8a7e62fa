"""The rules, pure: nothing here knows AWS, HTTP, a clock, randomness, the environment or a log."""
