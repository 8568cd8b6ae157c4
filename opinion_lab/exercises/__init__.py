"""Exercises of a lab: made from its archive, run in sessions, looked back on."""

from opinion_lab.exercises.workshop import Exercises as Exercises
