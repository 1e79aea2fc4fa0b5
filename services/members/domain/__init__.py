"""What is true of organizations, people, sign-in and keys: pure, standard library and the kernel only."""
