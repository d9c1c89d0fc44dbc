"""`collegium`: the REST API from a command line. It speaks HTTPS and knows nothing of the hub's code."""
