"""What an institution shows an auditor: documents made from live records, dated, tied to the audit chain."""
