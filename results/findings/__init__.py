"""What a run leaves beside its curves: what each finding holds, how it is packed and read. NumPy alone."""
