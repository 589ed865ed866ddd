"""All dipoles of a scan with drift and ground, fitted together."""
