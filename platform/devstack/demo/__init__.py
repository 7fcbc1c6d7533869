"""The demonstration: invented organisations, people, bills and applications. Never loaded in production."""
