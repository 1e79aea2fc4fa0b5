"""The figures every replica shows at /metrics (Prometheus text format); no label may hold an id or a reply subject."""

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
UNSENT = Gauge("lounge_unsent_documents", "Documents with a log entry not yet on its stream", ("collection",))
COPY_LAG = Gauge("lounge_copy_lag_messages", "States not yet applied to a local copy", ("durable",))
TIMERS = Counter("lounge_timers", "Due documents handled", ("collection", "kind", "outcome"))
TIMER_LATE = Gauge("lounge_timer_late_seconds", "How long the oldest due document has waited", ("collection",))
READY = Gauge("lounge_ready", "1 where this replica may be sent work", ())
BUILD = Gauge("lounge_build_info", "Always 1; what this replica is", ("service", "replica", "version"))
MONGO_REACHABLE = Gauge("lounge_mongo_reachable", "1 where its primary answered the last probe", ("database",))
CLOCK_OFF = Gauge("lounge_clock_off_seconds", "How far this clock is from MongoDB's", ())
NATS_CONNECTED = Gauge("lounge_nats_connected", "1 where the connection to NATS stands", ())
NATS_RECONNECTS = Counter("lounge_nats_reconnects", "Connections to NATS made anew", ())
NATS_ERRORS = Counter("lounge_nats_errors", "What NATS complained of", ("kind",))
