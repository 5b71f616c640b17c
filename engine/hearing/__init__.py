"""Blocks of samples in, directions with confidence out."""
