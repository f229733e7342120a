"""What a paper on a study needs: a methods section from the settings used, references, and tables in LaTeX."""
