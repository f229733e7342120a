"""Files of the Hugging Face hub: fetched by commit, checked, cached, with one-line errors."""
