"""The faults: one small file each, with inject, proof, undo as data and proof of clean. `catalog.py` lists them."""
