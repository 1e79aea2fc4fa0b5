"""NATS: the broker, the pull loops, retries, request and reply, and the one place that publishes."""
