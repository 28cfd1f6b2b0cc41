"""The checks that users call, a file for each.

derivatives  check_vjp, check_jvp      laws       check_laws       complete   check_call: all of these at one point
modules      check_module              recurrent  check_recurrent  refusals   check_errors
explain      from a wrong number to the op that it comes from
"""
