"""Benchmarks: what chargelake costs beside the least that any program would have to do.

Every figure is a ratio of two things done in one run on one machine, because times of different machines, or of one
machine at different hours, cannot be compared. `docs/benchmarks.md` says what each measures and what came out.
Nothing here is imported by the other rooms, and nothing is written but into a temporary folder.
"""
