"""Trader: fills the orders that the queen has stored. Two of them; the one that holds the lock in Redis leads."""
