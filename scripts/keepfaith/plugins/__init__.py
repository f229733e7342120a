"""What each kind of plug-in declares, and how plug-ins are found by name. Every package may use it."""
