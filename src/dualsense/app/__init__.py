"""A loopback web page over a folder of results."""
