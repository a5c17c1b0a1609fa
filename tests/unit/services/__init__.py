"""The mock system's logic, with real sockets and real processes, without containers."""
