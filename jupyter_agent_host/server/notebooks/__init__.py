"""A notebook's cells and kernel, found wherever this Jupyter server has them."""
