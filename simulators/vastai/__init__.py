"""A fake Vast.ai."""
