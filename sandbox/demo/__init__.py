"""Runs the whole demo from one terminal: database, data, gateway, web, worker and beat as real processes.

It says what it does, tells where to go when everything answers, and never leaves a process behind.
"""
