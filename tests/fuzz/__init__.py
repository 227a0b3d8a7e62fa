"""Whatever the API's description allows, and much that it does not, sent to the real stack."""
