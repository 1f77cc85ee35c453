"""Databases by SQLAlchemy: what `core/database.py` promises, for SQLite, MySQL or MariaDB, and PostgreSQL.

`sql` makes statements, `pool` runs them on threads, `sqlite`, `mysql` and `postgres` open connections.
"""
