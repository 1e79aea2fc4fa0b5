"""What is true of seminars, registrations and what sites send. Standard library and kernel only."""
