"""The published language: messages, subjects, topology, samples, schemas. One file per owning service."""
