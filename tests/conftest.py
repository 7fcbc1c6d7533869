"""Fixtures that several rooms share. Those of the database come from devstack.pytest_plugin."""
