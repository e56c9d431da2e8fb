"""What TensorFlow's graphs hold."""


def largest(graph):
    """The largest number of elements of any tensor in a graph and in the functions it calls."""
    inside = [f.graph for f in graph._functions.values()] if hasattr(graph, "_functions") else []
    shapes = [x.shape for g in (graph, *inside) for op in g.get_operations() for x in op.outputs]
    return max(shape.num_elements() or 0 for shape in shapes if shape.rank is not None)
