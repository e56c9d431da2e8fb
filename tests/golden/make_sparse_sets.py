"""Make sparse_sets.npz: who sees whom in fixed sparse patterns, by their definitions in loops.

Made with numpy; no original is run. Every array is bool [query, key], true where the query sees
the key, unless said otherwise. l is the stride, c the summary width. A query sees itself unless
said otherwise, and never a later place.

Sparse Transformer (arXiv 1904.10509, section 4.2), 25 places, /l<l> and for fixed /l<l>_c<c>:

    strided/l<l>/local      places i-l ... i (the formula of the paper: l + 1 of them)
    strided/l<l>/released   places i-l+1 ... i (l of them, as in the released code)
    strided/l<l>/columns    j with (i - j) divisible by l
    fixed/l<l>_c<c>/local   j in the same block of l as i
    fixed/l<l>_c<c>/summary j with j mod l in l-c ... l-1: a query which is no summary place does
                            not see itself, and the first l-c queries see nothing

Image Transformer (arXiv 1802.05751):

    local_1d/l<l>_m<m>      25 places in blocks of l; a query sees its block and the m places
                            before the block (the tensor2tensor code has m = l). The last block
                            may be cut short.
    local_2d/<rows>x<columns>_block<h>x<w>_flange<fh>x<fw>/mask
        The image is cut into blocks from the upper left; blocks at the right and lower edge may be
        cut short. Places are made block by block, blocks in raster order, raster order within a
        block. A query sees the places made before it which lie in the rectangle of its block
        grown by fh rows up and fw columns left and right (not down). Indices are raster indices.
    .../order               int32 [rows * columns]: the raster index made at each step.
                            mask[order][:, order] is lower triangular.

DALL-E (arXiv 2102.12092, appendix B.1), 6 text places, then 5 x 5 image places in raster order.
Text is causal and sees no image; an image place sees all text and of the image

    dalle/row               the 5 places before it (the width, going on into the row above), itself
    dalle/column            its column, rows above and its own
    dalle/conv<k>           the k x k square around it, places before it and itself; the square is
                            cut at the edges and does not wrap
"""

import numpy as np
from arrays import prefixed, save

PLACES = 25
TEXT, WIDTH = 6, 5


def mask(places, sees):
    """A mask from a test of query and key, for keys not after the query."""
    array = np.zeros((places, places), bool)
    for i in range(places):
        for j in range(i + 1):
            array[i, j] = sees(i, j)
    return array


def strided(stride):
    return {
        "local": mask(PLACES, lambda i, j: j >= i - stride),
        "released": mask(PLACES, lambda i, j: j > i - stride),
        "columns": mask(PLACES, lambda i, j: (i - j) % stride == 0),
    }


def fixed(stride, width):
    summary = range(stride - width, stride)
    return {
        "local": mask(PLACES, lambda i, j: j // stride == i // stride),
        "summary": mask(PLACES, lambda i, j: j % stride in summary),
    }


def local_1d(block, memory):
    return mask(PLACES, lambda i, j: j >= i // block * block - memory)


def local_2d(rows, columns, block, flange):
    (height, width), (up, aside) = block, flange
    order = [
        y * columns + x
        for top in range(0, rows, height)
        for left in range(0, columns, width)
        for y in range(top, min(top + height, rows))
        for x in range(left, min(left + width, columns))
    ]
    array = np.zeros((rows * columns, rows * columns), bool)
    for step, i in enumerate(order):
        top, left = i // columns // height * height, i % columns // width * width
        for j in order[: step + 1]:
            y, x = divmod(j, columns)
            array[i, j] = top - up <= y and left - aside <= x < left + width + aside
    return {"mask": array, "order": np.array(order, "int32")}


def dalle(image_sees):
    def sees(i, j):
        if i < TEXT or j < TEXT:
            return True
        return image_sees(divmod(i - TEXT, WIDTH), divmod(j - TEXT, WIDTH))

    return mask(TEXT + WIDTH * WIDTH, sees)


def near(size):
    reach = size // 2
    return lambda i, j: abs(i[0] - j[0]) <= reach and abs(i[1] - j[1]) <= reach


def back(i, j):
    return (i[0] - j[0]) * WIDTH + i[1] - j[1] <= WIDTH


def main():
    arrays = {}
    for stride in (4, 8):
        arrays |= prefixed(f"strided/l{stride}", strided(stride))
        for width in (1, 2):
            arrays |= prefixed(f"fixed/l{stride}_c{width}", fixed(stride, width))
    for block, memory in ((4, 4), (8, 8), (4, 6)):
        arrays[f"local_1d/l{block}_m{memory}"] = local_1d(block, memory)
    for rows, columns, block, flange in (
        (4, 6, (2, 3), (1, 1)),
        (4, 6, (2, 2), (2, 3)),
        (5, 7, (2, 3), (1, 2)),
    ):
        name = "{}x{}_block{}x{}_flange{}x{}".format(rows, columns, *block, *flange)
        arrays |= prefixed(f"local_2d/{name}", local_2d(rows, columns, block, flange))
    arrays["dalle/row"] = dalle(back)
    arrays["dalle/column"] = dalle(lambda i, j: i[1] == j[1])
    arrays["dalle/conv3"] = dalle(near(3))
    arrays["dalle/conv5"] = dalle(near(5))
    save(__file__, arrays)


if __name__ == "__main__":
    main()
