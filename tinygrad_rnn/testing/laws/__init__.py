"""What holds for every derivative, whatever the function: no oracle and no step size is needed.

linear_map     a function at one point, with a cotangent and the gradient that it pulls back
algebra        it is linear            arrays   layout and dtype change nothing     ownership  whose array is whose
ties           at a kink, the shortest subgradient                                  rows       a batch is its rows
recurrence     a layer or a cell as a function of its parameters, sequence and state
through_time   what backpropagation through time has to satisfy                     padding    rows of their own length
"""
