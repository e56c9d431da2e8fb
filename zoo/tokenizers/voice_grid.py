"""Voices on a grid: at every step the pitch of each voice, one voice after the other.

Music Transformer on chorales (Huang et al. 2018, section 4.1): sixteenths, soprano first.
"""

import numpy as np

from zoo.core.errors import ZooError
from zoo.core.types import PositiveInt
from zoo.music.grid import QUARTER, SILENCE, off_grid, on_grid
from zoo.music.notes import NUM_PITCHES
from zoo.tokenizers._music import Music, limited

END = SILENCE + 1
MASK = END + 1
MOST = 15
"""Channels of a MIDI file that are no drums."""


class VoiceGrid(Music):
    """Token ids 0 to 127 are pitches, 128 is silence, 129 ends a piece, 130 stands for a note to be
    guessed. The voices of a file are its tracks, and the channels in them, in their order; of two
    notes in one voice the later is sung. A held note and a repeated one are written alike.
    Raises ZooError for files of more voices."""

    vocabulary_size = MASK + 1
    end_token_id = END
    mask_token_id = MASK

    def __init__(self, num_voices: PositiveInt = 4, steps_per_quarter: PositiveInt = 4):
        if num_voices > MOST:
            raise ZooError(f"found {num_voices}, expected at most {MOST}.", "num_voices")
        self.num_voices, self.steps_per_quarter = num_voices, steps_per_quarter
        self.unit = num_voices

    def from_score(self, score):
        return on_grid(score, self.num_voices, self.steps_per_quarter).reshape(-1)

    def notes(self, token_ids):
        """A step that is not whole is sung by the voices it has; a mask is silent."""
        sung = np.minimum(token_ids[token_ids != END], SILENCE)
        whole = -(-sung.size // self.num_voices) * self.num_voices
        grid = np.pad(sung, (0, whole - sung.size), constant_values=SILENCE)
        return off_grid(grid.reshape(-1, self.num_voices), self.steps_per_quarter)

    def places(self, token_ids):
        step = np.arange(token_ids.size) // self.num_voices
        pitch = np.where(token_ids < NUM_PITCHES, token_ids, np.nan)
        return step * QUARTER / self.steps_per_quarter, pitch

    def graph_read(self, notes, name):
        from zoo.tokenizers._midi_tokens import grid_of

        return grid_of(notes, self.num_voices, self.steps_per_quarter, name)

    def graph_notes(self, token_ids):
        from zoo.tokenizers._midi_tokens import grid_to

        return grid_to(token_ids, self.num_voices, self.steps_per_quarter)

    def transposed(self, token_ids, semitones):
        sung = token_ids < NUM_PITCHES
        by = limited(token_ids[sung], semitones, NUM_PITCHES)
        return np.where(sung, token_ids + by, token_ids)

    def stretched(self, token_ids, factor):
        raise ZooError("found factors, but a grid has steps and no seconds.", "stretch")

    def pieces(self):
        return [*(f"{pitch} ".encode() for pitch in range(NUM_PITCHES)), b"- ", b"", b""]
