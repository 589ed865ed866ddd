"""The composer: the only room that puts the others together."""
