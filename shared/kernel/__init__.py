"""Words of all domains: ids, instants, zones, intervals, refusals, bilingual text. Standard library only."""
