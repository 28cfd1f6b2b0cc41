"""How what was recorded is differentiated.

backprop.py    the loop of reverse mode, on one page          forward.py   the loop of forward mode
accumulate.py  cotangents added up, and the fast ways         functions.py a function recorded on fresh leaves
reverse.py     backward, vjp, grad, value_and_grad            higher.py    jacobian, hessian, hvp
observed.py    the graph with what flows through it           remat.py     checkpoint: compute again, not keep
usable.py      whether the graph is still what ops used     returned.py  whether what a rule returned fits
hooked.py      what is called with a gradient as it passes

usable → returned → accumulate → hooked → backprop → observed → functions → forward → reverse → higher → remat
"""
