"""A canvas of our own: what a picture needs of lines, polygons, cells, hatching and words, and PNG."""
