"""How many numbers a recording is to a model. Which they are stands in `worker.learning.data.acoustics`."""

CEPSTRA, HEARD_BANDS = 20, 20
"""Most cosines over the mel bands, and places of the spectrum, that the numbers of a recording are of."""


def heard(bands: int) -> int:
    """Numbers of one recording."""
    times, loudness, spectrum, modulations = 15, 21, 11, 5 * 9
    return times + loudness + spectrum + modulations + 8 * min(CEPSTRA, bands) + 4 * HEARD_BANDS
