"""What is learnt from: texts, pairs of texts, and the streams and batches they are cut into.

text      Corpus: characters as ids                  pairs    texts to read and texts to write
stream    a text as chunks, the state carried        dates    "the third of march 1998" → "1998-03-03"
addition  "123+456" → "579"
"""
