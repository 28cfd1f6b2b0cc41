"""How it looks: themes, heat, and Graphviz as the painter."""
