"""Olelo: a SIP server that runs the configuration people already have for Kamailio."""

__version__ = "0.1.0"
