"""What the hub and a site say to each other, and the rules both read the same way.

A leaf: nothing here imports the web, the queue, the database or torch. Messages, manifests, receipts,
closed lists of codes, the tensor codec with its limits, and signatures live here.
"""
