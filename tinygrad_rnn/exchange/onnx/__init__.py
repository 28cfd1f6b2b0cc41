"""Recurrent models as ONNX files.

export  →  graph (the file's builder)  →  rules (an operator a module)  →  recurrent, cells, topologies
"""
