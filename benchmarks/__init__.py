"""`make bench`: what sending costs, measured against other ways of doing it in the same run on the same machine.

Makes its own data, databases, queues and provider. Ratios are comparable from run to run, absolute figures are not.
"""
