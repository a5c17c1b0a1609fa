"""The only modules that spawn or dial: engine, compose, Toxiproxy, one-shot HTTP."""
