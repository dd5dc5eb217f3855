"""The HTTP API for pipelines: calls in, problems and facts out. Webhooks are in ``handlers.webhooks``."""
