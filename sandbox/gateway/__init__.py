"""A local telephone network: MessageBird's two protocols (classic and Bird), phones, reports, replies, faults.

It keeps everything it took across restarts and journals every text exactly once. Nothing leaves this computer.
"""
