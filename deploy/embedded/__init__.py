"""Everything on one machine: real servers and the five services as supervised children."""
