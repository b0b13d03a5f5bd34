"""A local telephone network: MessageBird's REST protocol, phones to look at, reports, replies, and faults on demand.

It keeps everything it took across restarts and journals every text exactly once. Nothing leaves this computer.
"""
