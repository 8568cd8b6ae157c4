"""An exercise as people see it: a stage under their hands, how a session went, the sentences of both."""
