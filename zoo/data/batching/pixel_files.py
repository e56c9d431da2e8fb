"""Files of pictures, of any size, as sequences of tokens."""

from zoo.data.batching._painted import Painted
from zoo.data.batching.image_files import ImageFiles


class PixelFiles(Painted, ImageFiles):
    """As `pixels`; files are read, and parts of them taken, as in `image_files`."""
