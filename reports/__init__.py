"""What leaves the lake for people to read: figures, tables and pages, made from the published tables alone."""
