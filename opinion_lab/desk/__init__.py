"""The desk: what the archive knows of a story joined to what the bureau did about it."""

from opinion_lab.desk.casework import Casework as Casework
