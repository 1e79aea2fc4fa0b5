"""The few figures every replica shows at /metrics (Prometheus text format); no label may hold an id."""

from prometheus_client import Counter, Gauge, Histogram

COMMANDS = Counter("lounge_commands", "Commands and queries answered", ("subject", "outcome"))
COMMAND_SECONDS = Histogram(
    "lounge_command_seconds",
    "From receipt to reply",
    ("subject",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 8),
)
DELIVERIES = Counter("lounge_deliveries", "Messages taken from a durable", ("durable", "outcome"))
PUBLISHED = Counter("lounge_published", "Log entries and states put on a stream", ("stream",))
BATCH = Histogram("lounge_insert_batch", "Documents per group commit", (), buckets=(1, 2, 4, 8, 16, 32, 64, 128))
UNSENT_AGE = Gauge("lounge_oldest_unsent_seconds", "Age of the oldest log entry not yet on its stream", ("collection",))
COPY_LAG = Gauge("lounge_copy_lag_messages", "States not yet applied to a local copy", ("durable",))
TIMERS = Counter("lounge_timers", "Due documents handled", ("collection", "kind", "outcome"))
