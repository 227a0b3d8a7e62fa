"""Who asks by HTTP, and what they are told."""
