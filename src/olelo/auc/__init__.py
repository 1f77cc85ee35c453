"""Authentication centre: SIM keys, Milenage and TUAK, vectors, storage."""
