"""Fixtures that several rooms share. The database's own (db, real_db, as_engine) come from devstack.pytest_plugin."""
