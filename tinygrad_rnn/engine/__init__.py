"""What is recorded: data at the bottom, and nothing here knows what is done with it.

context   recording or not, the scope and the time step        apply     calling an op: forward, refusal, record
op        what is known of an op; the signatures of its rules  declare   an op and its rules, in one block
node      one recorded value and what it was made from         anomaly   the first value that is not finite
tensor    an array and its node                                snapshot  the graph as plain data, for pictures
trees     nested arguments                                     typed     what a type checker knows of an op
summary   a value in a few numbers                             guard     what was not recorded is refused
conform   what was read is of the types that are declared      hooks     what is called where something passes

errors → context → op → hooks → node → tensor → typed → trees → summary → guard → anomaly → apply → declare → conform
→ snapshot
"""
