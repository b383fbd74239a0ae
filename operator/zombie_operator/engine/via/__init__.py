"""The only code that changes objects which are not ours: one file for each way a remedy reaches pods."""
