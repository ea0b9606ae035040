"""What can happen to sessions."""
