"""Logs of the Robot Operating System: messages by topic, of which a map says what is what."""
