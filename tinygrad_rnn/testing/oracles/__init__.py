"""Derivatives by no rule: the function is run, and that is all.

case       any function of anything, as a function of its arrays of floats
slopes     df(x + t·dx)/dt, by a complex step or by differences
compare    that, beside what the rules say
"""
