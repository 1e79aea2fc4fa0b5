"""What keeps the house in order: lints of our own, generators of the contracts, a guard over the test run."""
