"""The axis letters of the whole zoo. Docstrings and einsums use exactly these.

    b batch            h query heads          v vocabulary
    t time             g key-value heads      n key blocks in a row of tiles
    q queries          r queries per g        s block size
    k keys             e head dimension       y, x image rows and columns
    m memory slots     d hidden dimension     c rows of tiles
    l layers

A shape is written with blanks: hidden states are `b t d`, attention scores `b h q k`.
"""
