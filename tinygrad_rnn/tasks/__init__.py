"""The classics: problems that a recurrent network is known by, with the definitions of their papers.

adding, adding-1997   two marked numbers among a hundred, their sum     Hochreiter & Schmidhuber 1997, Le et al. 2015
reber                 what may come next, by a small grammar            Hochreiter & Schmidhuber 1997
temporal-order        which of two symbols came first                   Hochreiter & Schmidhuber 1997
copying               ten symbols, repeated after a silence             Arjovsky et al. 2016
clipping              temporal order, with and without clipping         Pascanu et al. 2013

batch     sequences, and where an answer is asked for      trial    one network learns one task from one seed
config    what a task is tried with                        table    what came of it beside the published figure
task      what makes a task                                adding, reber, temporal_order, copying, clipping
"""

from tinygrad_rnn.tasks.adding import Adding, Adding1997
from tinygrad_rnn.tasks.batch import Batch, at_every_step, at_the_end
from tinygrad_rnn.tasks.clipping import Clipping
from tinygrad_rnn.tasks.config import Reader, TrialConfig, remember
from tinygrad_rnn.tasks.copying import Copying
from tinygrad_rnn.tasks.reber import Reber
from tinygrad_rnn.tasks.tables import table
from tinygrad_rnn.tasks.task import Recent, Task
from tinygrad_rnn.tasks.temporal_order import TemporalOrder
from tinygrad_rnn.tasks.trial import Job, Outcome, attempt, attempts

TASKS: dict[str, type[Task]] = {
    task.name: task for task in (Adding, Adding1997, Reber, TemporalOrder, Copying, Clipping)
}

__all__ = [
    "TASKS", "Adding", "Adding1997", "Batch", "Clipping", "Copying", "Job", "Outcome", "Reader", "Reber", "Recent",
    "Task", "TemporalOrder", "TrialConfig", "at_every_step", "at_the_end", "attempt", "attempts", "remember", "table",
]  # fmt: skip
