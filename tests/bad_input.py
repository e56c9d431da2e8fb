"""What the tests of bad input share: how an error is caught, and what is asked of its text."""

import pytest

from zoo.core.errors import RunError, ZooError


def refused(function, *arguments, error=ZooError, **options):
    """The message of the error a call must raise: wrong input exits with 2, work that stops
    with 1."""
    with pytest.raises(error) as wrong:
        function(*arguments, **options)
    assert wrong.value.exit_code == (1 if error is RunError else 2)
    print(wrong.value)  # pytest -s reads every message aloud
    return str(wrong.value)


def says(message, *words):
    missing = [str(word) for word in words if str(word) not in message]
    assert not missing, f"{missing} not in: {message}"
