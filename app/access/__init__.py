"""Who may do what: one enum of permissions, one table from role to permissions, one pure answer."""
