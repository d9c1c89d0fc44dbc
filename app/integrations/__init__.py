"""What programs of an institution rely on: webhooks, and answers kept for a repeated request."""
