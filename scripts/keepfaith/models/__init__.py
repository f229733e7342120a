"""Models: sources, removal of sub-layers, architectures and export."""
