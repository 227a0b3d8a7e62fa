"""How fast, how light: figures to compare from commit to commit on one machine."""
