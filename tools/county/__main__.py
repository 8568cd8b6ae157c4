"""`python -m tools.county`: pack the invented county that ships with the package."""

from tools import county

county.pack()
