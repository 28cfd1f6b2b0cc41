"""The course: where its lessons are, and exercises that check themselves.

    catalogue   the files, their titles and questions; the text is in examples/lessons, and in the wheel
    exercise    what is asked for: a reference, inputs from simple to random, and the mistakes that learners make
    grading     a learner's function against it: the first input that shows a fault, and which mistake that is
    of_lessons  the exercises of each lesson, a file for each

The exercises know nothing of a lesson's code, and a lesson nothing of how it is graded.
"""

from tinygrad_rnn.course.catalogue import Lesson, gallery, lesson, lessons
from tinygrad_rnn.course.exercise import Exercise, Mistake
from tinygrad_rnn.course.grading import Verdict, grade, grade_file

__all__ = ["Exercise", "Lesson", "Mistake", "Verdict", "gallery", "grade", "grade_file", "lesson", "lessons"]
