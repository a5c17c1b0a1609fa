"""Worker: does the (simulated) inference, and tells the hive that it is there."""
