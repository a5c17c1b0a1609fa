"""The observer: sends probes and canaries on schedule from inside the lab and streams what it saw.

Standard library only, one thread, one epoll. Talks JSON lines: commands on stdin (`c` names the command), on stdout
`s` (samples), `p` (pong), `r` (reply), `t` (tunnel). All instants are nanoseconds of CLOCK_MONOTONIC. When its input ends,
or nobody pings for 10 s (or its one argument), it removes the toxics it was armed against and ends; after `stop` it just ends.
"""
