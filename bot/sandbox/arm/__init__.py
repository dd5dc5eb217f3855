"""A simulated Azure Resource Manager at the vendor's wire.

Resources are plain JSON bodies in a store; a write becomes an operation that holds, from the start, what is shown
meanwhile and what is true afterwards, so that it can be finished lazily by whoever looks next, in whichever process.
"""

from bot.sandbox.arm.seed import SUBSCRIPTION
from bot.sandbox.arm.subscription import ArmSubscription
from bot.sandbox.arm.wire import ArmResponse

__all__ = ["SUBSCRIPTION", "ArmResponse", "ArmSubscription"]
