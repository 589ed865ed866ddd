"""The simulated radar."""
