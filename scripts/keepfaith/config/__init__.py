"""What a user may say, and the sentence for what they may not. Imports no torch, no transformers."""
