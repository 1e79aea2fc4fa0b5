"""What watches a running system: Prometheus with its rules, Grafana's dashboards, the collector of traces."""
