"""Posts -> stories: one story for each thing that is being talked about."""

from opinion_lab.analyse.stories.description import about as about, describe as describe, group as group, pick as pick
