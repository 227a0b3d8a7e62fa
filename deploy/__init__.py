"""The way onto AWS: what every function may do, the template, and the package. Nothing of it is shipped."""
