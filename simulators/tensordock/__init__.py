"""A fake TensorDock (API v2)."""
