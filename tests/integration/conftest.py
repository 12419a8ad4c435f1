from harness.fixtures import *  # noqa: F401,F403  pytest finds fixtures by name in this module
