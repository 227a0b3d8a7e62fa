"""Straight to the providers, without the service: what is on their accounts, and its end by hand."""
