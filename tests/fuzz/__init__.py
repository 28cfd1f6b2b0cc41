"""Long runs over random programs: `python -m tests.fuzz.programs 20000`."""
