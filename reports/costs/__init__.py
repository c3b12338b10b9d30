"""Reports of what sessions cost: the figures, and the forms they leave the lake in."""
