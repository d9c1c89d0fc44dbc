"""Sites: enrolment, keys, the job inbox with its leases, health. The hub never connects to one."""
