"""The house's rules that no ready-made tool knows, each a short function over one parsed file."""
