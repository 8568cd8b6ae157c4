"""Stories by average linkage on cluster sums: what grouping is to become, measured until it holds from day to day."""
