"""Queen: the API gateway in front of the hive."""
