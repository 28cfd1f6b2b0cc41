"""The exercises of each lesson, in the file of its name: EXERCISES, each with the mistakes that learners make."""
