"""The tools of an AI agent (Model Context Protocol): the service's routes with the guards that a program needs."""
