"""What can stand in the way between a picture's text and a file of it."""

from tinygrad_rnn.errors import TinygradError

__all__ = ["MissingGlyphs", "RenderError", "WriteError"]


class RenderError(TinygradError, RuntimeError):
    """This machine cannot paint the picture: Graphviz or a font is missing, or the picture is too large for pixels."""


class WriteError(TinygradError, OSError):
    """A picture cannot be written where it should be; a file that was there is as it was."""


class MissingGlyphs(UserWarning):
    """The picture is painted, but with boxes in the places of characters that no font on this machine has."""
