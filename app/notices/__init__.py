"""People are told: what waits for them and what went wrong, in the pages and by one mail an hour at most."""
