"""Files of the Hugging Face hub: fetched by commit, checked, cached, and refused in one sentence."""
