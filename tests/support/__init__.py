"""What tests stand on: builders, fakes that pass the real ones' suites, and the real servers."""
