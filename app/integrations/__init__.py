"""What programs of an institution rely on: answers kept for a repeated request."""
