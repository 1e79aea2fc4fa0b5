"""`make bench`: figures that decide are ratios of two sides taken in turn, in one run (docs/performance.md)."""
