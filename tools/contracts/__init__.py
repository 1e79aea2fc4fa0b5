"""From the contract models: JSON Schemas, golden samples, AsyncAPI, OpenAPI; and the guard over their change."""
