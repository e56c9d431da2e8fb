"""Tokens see their own document only, where several are packed into one text.

`document_ids`, told token by token when the model is called: int, one number a document.
"""

from zoo.attention.patterns import Pattern
from zoo.attention.patterns._told import told


class Segments(Pattern):
    marks = ("document_ids",)

    def allowed(self, query, key, head=0):
        return query - key == query - key

    def sees(self, query, key, head=0, marks=None):
        of_query, of_key = told(marks, "document_ids")
        return self.allowed(query, key) & (of_query == of_key)
