"""Cloud GPU Shopper: the menu of rented GPUs, and the lease officer that ends every rental."""

__version__ = "0.1.0"
