"""What lies outside the table, in SSM on AWS and in the data dir locally: secrets, and overrides of the hard max."""
