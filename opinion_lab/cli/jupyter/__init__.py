"""What is opened in JupyterLab: the lab's notebooks, and exercises."""

from opinion_lab.cli.jupyter.exercises import exercise as exercise
from opinion_lab.cli.jupyter.lab import lab as lab
