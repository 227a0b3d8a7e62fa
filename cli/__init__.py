"""The command line: gpu-shopper."""
