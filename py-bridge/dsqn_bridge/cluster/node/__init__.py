"""What runs on a node of the cluster, in Ray's worker processes there. It travels by value: a node needs Ray and Node.js, and nothing of ours.

By name from each other, too: of a module the other side has none, a function travels. Typed failures come back as values (``{"error": {...}}``): they are
final. What is raised is a failure of the machine, which Ray tries again elsewhere.
"""
