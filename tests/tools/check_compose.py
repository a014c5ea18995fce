"""Checks a Compose file on stdin with a parser of the Compose specification; prints nothing where it is one."""

import sys

from compose_spec import PyCompose

try:
    PyCompose.from_yaml(sys.stdin.read())
except ValueError as error:
    sys.exit(str(error))
