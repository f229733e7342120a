"""Models: sources, training, removal of sub-layers, families and export."""
