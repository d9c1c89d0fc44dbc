"""An institution's policy: drafted by one person, approved by another, accepted at each site."""
