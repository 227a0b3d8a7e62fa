"""The work: read, decide by the rules, apply through the ports."""
