"""Read configuration files: one YAML file, checked key by key; the environment may replace values.

    PROVAULT__SECTION__KEY=value      replaces section.key; the value is read as YAML

Unknown keys, keys named twice and values of the wrong kind are refused. The unit is in the key's name.
Secrets have no key: the passphrase comes from the environment alone. Templates are made from the models.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from eth_utils.address import is_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from agent.errors import ConfigError, MissingFileError, UnreadableFileError

ENVIRONMENT_PREFIX = "PROVAULT__"
SHOWN_PROBLEMS = 3


def _address(value: str) -> str:
    if not is_address(value):
        raise ValueError("must be an address, 0x and 40 hexadecimal digits")
    if int(value, 16) == 0:
        raise ValueError("must not be the zero address")
    return to_checksum_address(value)


def _url(value: str) -> str:
    scheme, _, host = value.partition("://")
    if scheme not in ("http", "https") or not host:
        raise ValueError("must be a URL that begins with http:// or https://")
    return value


Address = Annotated[str, AfterValidator(_address)]
Url = Annotated[str, AfterValidator(_url)]


class Section(BaseModel):
    """A section: frozen, and without room for keys that nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


Config = TypeVar("Config", bound=Section)


def read_config(path: Path, environment: Mapping[str, str], model: type[Config]) -> Config:
    """Read a configuration file and what the environment replaces in it.

    Raises: MissingFileError, UnreadableFileError, ConfigError naming the key.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingFileError(path) from None
    except OSError as error:
        raise UnreadableFileError(path, (error.strerror or "no reason").lower()) from None
    except ValueError:
        raise UnreadableFileError(path, "it is not text in UTF-8") from None
    document = _parse(path, text)
    _replace_from(path, document, environment)
    for section, field in model.model_fields.items():
        if field.default is not None and section in document and document[section] is None:
            document[section] = {}  # every key of the section is commented out
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise ConfigError(path, _problems(error)) from None


def schema_of(model: type[Section]) -> str:
    """Return the JSON schema of a configuration file."""
    return json.dumps(model.model_json_schema(), indent=2) + "\n"


def template_of(
    model: type[Section], title: str, values: Mapping[tuple[str, str], object] | None = None
) -> str:
    """Return a configuration with every key, its documentation, and defaults or examples.

    Optional keys and sections that are absent by default are commented out. `values` replaces single ones.
    """
    given = values or {}
    lines = [f"# Configuration of {title}. Every key may also come from the environment, as"]
    lines.append("# PROVAULT__SECTION__KEY. Paths are relative to this file.")
    for section, field in model.model_fields.items():
        optional = field.default is None and not any(name == section for name, _ in given)
        kinds = [field.annotation, *get_args(field.annotation)]
        part = next(one for one in kinds if isinstance(one, type) and issubclass(one, Section))
        mark = "# " if optional else ""
        lines += ["", f"# {part.__doc__}", f"{mark}{section}:"]
        for key, item in part.model_fields.items():
            required = item.is_required()
            value = given.get((section, key))
            absent = not required and item.default is None and value is None
            if value is None:
                value = item.examples[0] if (required or absent) and item.examples else item.default
            lines.append(f"{mark}  # {item.description}")
            lines.append(f"{mark}  {'# ' if absent else ''}{key}: {_scalar(value)}")
    return "\n".join(lines) + "\n"


def _scalar(value: object) -> str:
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, tuple):
        value = list(value)
    return json.dumps(value)


class _StrictLoader(yaml.SafeLoader):
    """Refuse keys named twice, and read 0x... as text: an address is no number."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping whose keys differ."""
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                twice = f"{key} is named twice"
                raise yaml.constructor.ConstructorError(None, None, twice, key_node.start_mark)
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep)


_INTEGER_TAG: Literal["tag:yaml.org,2002:int"] = "tag:yaml.org,2002:int"


def _construct_integer(loader: _StrictLoader, node: yaml.ScalarNode) -> int | str:
    text = str(node.value)
    return text if text.lower().startswith(("0x", "-0x", "+0x")) else loader.construct_yaml_int(node)


_StrictLoader.add_constructor(_INTEGER_TAG, _construct_integer)


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        document = yaml.load(text, Loader=_StrictLoader)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise ConfigError(path, f"it is not readable as YAML: {error.problem}{line}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(path, f"it is not readable as YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(document, dict):
        raise ConfigError(path, "it holds no sections")
    return document


def _replace_from(path: Path, document: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name in sorted(environment):
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        parts = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if len(parts) != 2 or not all(parts):
            raise ConfigError(path, f"{name} in the environment is not {ENVIRONMENT_PREFIX}SECTION__KEY")
        try:
            value = yaml.load(environment[name], Loader=_StrictLoader)
        except yaml.YAMLError:
            raise ConfigError(path, f"{name} in the environment is not readable as YAML") from None
        section = document.setdefault(parts[0], {})
        if section is None:
            section = document[parts[0]] = {}
        if not isinstance(section, dict):
            raise ConfigError(path, f"{parts[0]} is not a section")
        section[parts[1]] = value


def _problems(error: ValidationError) -> str:
    found = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        key = ".".join(str(part) for part in problem["loc"]) or "the file"
        if problem["type"] == "extra_forbidden":
            found.append(f"{key} is not a key that is known")
        elif problem["type"] == "missing":
            found.append(f"{key} is missing")
        else:
            said = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
            found.append(f"{key} {said[0].lower()}{said[1:]}" if said else key)
    more = len(found) - SHOWN_PROBLEMS
    return "; ".join(found[:SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
