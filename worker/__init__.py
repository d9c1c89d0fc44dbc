"""Everything that runs in the background: the protocol, the learning core, the hub's and a site's workers."""
