"""Whom and what texts name: businesses, institutions, estates; persons never."""
