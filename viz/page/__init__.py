"""The page: an unrolled network that one can walk through, in one file that needs nothing else.

facts      a graph, and where it is drawn, as data for the script
colours    every theme as CSS
cuts       what the gradients are if one way between two steps is cut
slim       a painted picture without what the page says once for all
contents   one network in every view
document   the HTML, and Page
twins      several networks beside each other

script/    what runs in the page, each file with a picture in words at its top; style.css beside it
bundle/    the same as one file, made by `npm ci && npm run build` in this folder

facts → colours → cuts → slim → contents → document → twins
"""
