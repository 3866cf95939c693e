"""The results store: experiments, runs and their epochs, over SQLite or PostgreSQL.

The only package that knows SQL. `results.store.Store` writes and reads, `results.curves.CurveCache` keeps the
curves that pages look at, `results.test_metrics` alone reads what a model scored on the test rows.
"""
