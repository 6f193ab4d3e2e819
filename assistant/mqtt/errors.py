"""What can go wrong with a broker, told apart by what is to be done about it."""

from __future__ import annotations


class BrokerError(Exception):
    """Something that the broker, or the way to it, does not allow; the message is one line and says what to do."""


class BrokerLost(BrokerError):
    """It is not there, or not any more: to be tried again, as it is."""


class BrokerRefused(BrokerError):
    """It will not have us as we come: trying again helps only once someone has changed something."""


class NotTaken(BrokerError):
    """This one message it will never take; the connection is as good as before."""


class TooLarge(NotTaken):
    """The message is larger than the broker takes."""
