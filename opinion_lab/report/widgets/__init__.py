"""What is pressed and moved in JupyterLab."""
