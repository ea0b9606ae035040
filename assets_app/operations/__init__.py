"""What can happen on the ground floor."""
