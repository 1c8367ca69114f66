"""What names and short texts in input files look like, as regular expressions."""

from promptpack.model.languages import LANGUAGE_REGEX

SLUG_REGEX = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_SLUG = SLUG_REGEX.strip("^$")
_LANGUAGE = LANGUAGE_REGEX.strip("^$")
FULL_NAME_REGEX = rf"^({_SLUG}:)?{_SLUG}$"
LIBRARY_PACK_REGEX = rf"^{_SLUG}:{_SLUG}$"
VARIANT_REGEX = rf"^({_SLUG}[+:])?{_SLUG}\.({_SLUG}[+:])?{_SLUG}(\.{_LANGUAGE})?$"
FRAGMENT_REGEX = r"^(\./|[a-z0-9-]+:)?[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*(\.md)?$"
TEXT_FILE_REGEX = r"^\./[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.md$"
HEAD_FILE_REGEX = r"^\./[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*\.head$"
RULE_CODE_REGEX = r"^PP[0-9]{3}$"
PATTERN_REGEX = r"^[^\s\\]([^\\]*[^\s\\])?$"
