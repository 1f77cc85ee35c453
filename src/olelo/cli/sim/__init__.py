"""olelo sim"""
