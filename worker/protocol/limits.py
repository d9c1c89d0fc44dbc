"""Sizes and times both sides hold to. A number here is a contract: change it on both sides at once."""

CLOCK_SKEW_S = 300
NONCE_KEPT_S = 2 * CLOCK_SKEW_S + 60
"""From five minutes early to five minutes late, and a minute for hubs whose clocks differ."""
WORKER_HELLO = "hello?by=worker"
"""The hello of a running worker; a person's command says hello without the query."""
LONG_POLL_S = 25.0
FIRST_LEASE_S = 15
LEASE_S = 60
STALL_S = 300
HARD_LIMIT_S = 6 * 3600
JOB_ATTEMPTS = 5
ENROLMENT_TOKEN_HOURS = 24
CHUNK_BYTES = 1 << 20
JSON_BYTES = 1 << 20
UPDATE_BYTES = 64 << 20
OBJECT_BYTES = 512 << 20
TENSORS = 4096
TENSOR_NAME = 200
HEADER_BYTES = 1 << 20
NAME_LENGTH = 120
UPDATE_NORM = 1.0e4
KEPT_SPANS = 2048
