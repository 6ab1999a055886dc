"""Vocabulary and judgement: what a program, a history and a verdict are. Imports nothing but the standard library."""
