"""The commands, a file for each kind; each has `add`, which declares its arguments, and what runs them."""
