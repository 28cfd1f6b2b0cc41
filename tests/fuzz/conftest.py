"""What needs cosmic-ray, and forks, is run by hand: pytest does not look for doctests there."""

collect_ignore = ["dozen.py", "killers.py", "mutants.py", "mutations.py", "trial.py", "verdicts.py"]
