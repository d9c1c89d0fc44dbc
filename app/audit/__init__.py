"""What happened, who did it: one hash chain per institution and one for the hub."""
