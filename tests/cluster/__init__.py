"""`make test-cluster`: three nats-servers and three mongods as plain processes, and what their faults cost."""
