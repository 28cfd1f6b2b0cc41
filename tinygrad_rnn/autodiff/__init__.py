"""How what was recorded is differentiated.

backprop.py    the loop of reverse mode, on one page          forward.py   the loop of forward mode
accumulate.py  cotangents added up, and the fast ways         functions.py a function recorded on fresh leaves
reverse.py     backward, vjp, grad, value_and_grad            higher.py    jacobian, hessian, hvp
remat.py       checkpoint: compute again instead of keeping
"""
