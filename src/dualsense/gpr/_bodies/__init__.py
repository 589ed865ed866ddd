"""From the volume to bodies, and what the silence beside them is worth."""
