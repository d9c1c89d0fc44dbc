"""People at the hub: accounts, sessions, invitations, second factor, API tokens."""
