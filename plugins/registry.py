"""Everything that plugins have added, collected once at start: the built-ins, entry points, and files named by the user."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import pluggy

from labdissect.dissectors import builtin_layers
from labdissect.dissectors.layer import Header, Layer, Text

from .analyzer import Analyzer, Settings
from .column import Column
from .discovery import ENTRY_POINT_GROUP, installed, named_in_environment
from .guard import GuardedAnalyzer, described, shown, survived
from .hookspecs import Hooks, hookimpl
from .packet import is_taken, make_attribute
from .rule import Rule
from .writer import ReaderFormat, WriterFormat

OWN = "labdissect"
"""The layer that carries verdicts; no plugin's may be called so."""
BUILT_IN = "built in"
"""Where the built-in plugins come from, in :attr:`Registry.sources`."""


class PluginError(Exception):
    """A plugin cannot be loaded or clashes with another; the message names the file and what to do.

    :param plugin: as its user named it
    :param place: file and line of the author's that the error comes from
    """

    def __init__(self, plugin: str, reason: str, place: tuple[str, int | None] | None = None) -> None:
        self.reason = reason
        self.file: str | None = None
        self.line: int | None = None
        if place is not None:
            file, self.line = place
            self.file = plugin if Path(file).resolve() == Path(plugin).resolve() else file
        elsewhere = f"{self.file}, " if self.file not in (None, plugin) else ""
        where = f"{elsewhere}line {self.line}: " if self.line is not None else ""
        super().__init__(f"plugin {plugin}: {where}{reason}")


@dataclass
class Registry:
    """What there is to work with, each by its name."""

    manager: pluggy.PluginManager
    layers: dict[str, Layer] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)
    writers: dict[str, WriterFormat] = field(default_factory=dict)
    readers: dict[str, ReaderFormat] = field(default_factory=dict)
    carried: dict[str, Layer] = field(default_factory=dict)
    """Of the layers those that plugins read from payloads; the others are read from what tshark says."""
    givers: dict[tuple[str, str], str] = field(default_factory=dict)
    """``("layer", "labrdt")`` → name of the plugin that gave it; likewise for rules, columns, writers, readers."""
    sources: dict[str, str] = field(default_factory=dict)
    """Plugin name → where it came from, in the order of loading."""
    judging: Collection[str] | None = None
    """Names of the plugins whose analyzers work; None: all do."""

    @property
    def has_plugins(self) -> bool:
        """Whether anything is loaded that is not built in."""
        return any(source != BUILT_IN for source in self.sources.values())

    def is_built_in(self, what: str, name: str) -> bool:
        """Whether no plugin of somebody else's gave it: ``is_built_in("writer", "jsonl")``."""
        return self.sources[self.givers[what, name]] == BUILT_IN

    def analyzers(self, settings: Settings) -> list[Analyzer]:
        """Fresh analyzers for one input, built-ins first."""
        found: list[Analyzer] = []
        for name, plugin in self.manager.list_name_plugin():
            if self.judging is not None and name not in self.judging:
                continue
            hook = getattr(plugin, "labdissect_analyzers", None)
            if hook is not None and self.manager.parse_hookimpl_opts(plugin, "labdissect_analyzers") is not None:
                made = _given(name, hook, settings)
                built_in = self.sources[name] == BUILT_IN
                found.extend(made if built_in else [_guarded(name, hook, one) for one in made])
        return found


class _PluginManager(pluggy.PluginManager):
    """Looks for hooks only under names that they may bear: looking at every name of every plugin takes an eighth of the
    start."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Of a hook's implementation; None for anything else."""
        return super().parse_hookimpl_opts(plugin, name) if name.startswith("labdissect_") else None


class _Dissectors:
    """The layers of the dissectors folder, as a plugin like any other."""

    @hookimpl
    def labdissect_layers(self) -> Sequence[Layer]:
        """Every ``LAYER`` there."""
        return builtin_layers()


def load(
    names: Iterable[str | ModuleType] = (), *, entry_points: bool = True, extra_packages: Sequence[str] = ()
) -> Registry:
    """Loads the built-ins, what is installed, and ``names`` (files ending in .py, or modules).

    :param entry_points: whether also what is installed and what LABDISSECT_PLUGINS names
    :param extra_packages: further packages whose modules hold built-in hooks (the bridge's readers and writers)
    :raises PluginError: when one cannot be loaded or two give the same name
    """
    manager = _PluginManager("labdissect")
    manager.add_hookspecs(Hooks)
    registry = Registry(manager)
    manager.register(_Dissectors(), "labdissect.dissectors")
    for package in ("labdissect.plugins", *extra_packages):
        for module in _modules(package):
            hooks = {name: value for name, value in vars(module).items() if name.startswith("labdissect_")}
            if hooks:  # pluggy looks at every name of what it registers: rules have hundreds
                manager.register(SimpleNamespace(**hooks), module.__name__)
    for name, _ in manager.list_name_plugin():
        registry.sources[name] = BUILT_IN
    if entry_points:
        _load_entry_points(registry)
    for name in (*(named_in_environment() if entry_points else ()), *names):
        _load_named(registry, name)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise PluginError(str(error.plugin), f"{error}; see docs/hooks.md for the hooks there are") from error
    _collect(registry)
    return registry


def _modules(package: str) -> Iterable[ModuleType]:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        yield importlib.import_module(module.name)


def _load_entry_points(registry: Registry) -> None:
    if not installed():
        return
    import importlib.metadata

    for entry in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        try:
            plugin = entry.load()
        except BaseException as error:
            raise _failure(f"{entry.name} (installed, {entry.value})", error, _folder(entry.module)) from error
        _register(registry, plugin, entry.name, f"entry point {entry.value}")


def _load_named(registry: Registry, name: str | ModuleType) -> None:
    if isinstance(name, ModuleType):
        _register(registry, name, name.__name__, name.__file__ or name.__name__)
        return
    path = Path(name)
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        mode = 0
    except OSError as error:  # in a folder that is locked, or a name too long for a file's
        raise PluginError(name, str(error.strerror)) from error
    if S_ISDIR(mode) and len(path.parts) > 1:
        raise PluginError(name, "a folder; name a Python file in it, or a package as `import` does, with PYTHONPATH")
    if name.endswith(".py") or S_ISREG(mode):
        if not S_ISREG(mode):
            raise PluginError(name, "no such file")
        plugin_name = path.stem
        spec = importlib.util.spec_from_file_location(f"labdissect_plugin_{plugin_name}", path)
        if spec is None or spec.loader is None:
            raise PluginError(name, "not a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        try:
            spec.loader.exec_module(module)
        except BaseException as error:
            raise _failure(name, error, path) from error
    else:
        plugin_name = name
        try:
            module = importlib.import_module(name)
        except BaseException as error:
            raise _failure(name, error, _folder(name)) from error
    _register(registry, module, plugin_name, str(name))


def _register(registry: Registry, plugin: Any, name: str, source: str) -> None:
    if registry.manager.has_plugin(name):
        raise PluginError(source, f"a plugin named {name!r} is loaded already ({registry.sources[name]})")
    _refuse_unknown_hooks(plugin, source)
    try:
        registry.manager.register(plugin, name)
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(source, f"{error}; see docs/hooks.md for the hooks there are") from error
    registry.sources[name] = source


def _refuse_unknown_hooks(plugin: Any, source: str) -> None:
    """A function that is marked as a hook bears the name of one, else it would wait in vain to be called, and asks for
    nothing that the hook does not give."""
    for name, function in getattr(plugin, "__dict__", {}).items():
        # functions only: Construct's ``this`` has an attribute of any name
        if not isinstance(function, FunctionType) or not hasattr(function, "labdissect_impl"):
            continue
        if not hasattr(Hooks, name):
            from difflib import get_close_matches  # only mistakes need it

            near = get_close_matches(name, [hook for hook in vars(Hooks) if not hook.startswith("_")], n=1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            raise PluginError(source, f"there is no hook {name}{hint}; docs/hooks.md lists them", _line(function))
        known = _parameters(getattr(Hooks, name))[1:]  # without self
        for unknown in (one for one in _parameters(function) if one not in known):
            what = f"{name} has no parameter {unknown!r}; write def {name}({', '.join(known)})"
            raise PluginError(source, what, _line(function))


def _parameters(function: FunctionType) -> tuple[str, ...]:
    """The names of its parameters that have no default."""
    return function.__code__.co_varnames[: function.__code__.co_argcount - len(function.__defaults__ or ())]


def _line(function: Any) -> tuple[str, int | None] | None:
    """Where a function is written."""
    code = getattr(function, "__code__", None)
    return None if code is None else (code.co_filename, code.co_firstlineno)


def _failure(plugin: str, raised: BaseException, own: Path | None) -> PluginError:
    """What a plugin's own code raised, with the last of its author's lines that it came through.

    :param own: the plugin's file, or the folder that all its files are in
    :raises KeyboardInterrupt: when it is that
    """
    error = survived(raised)
    if isinstance(error, SyntaxError):
        return PluginError(plugin, error.msg, (error.filename or plugin, error.lineno))
    import traceback

    lines = [line for line in traceback.extract_tb(error.__traceback__) if _is_within(line.filename, own)]
    place = (lines[-1].filename, lines[-1].lineno) if lines else None
    return PluginError(plugin, described(error), place)


def _is_within(file: str, own: Path | None) -> bool:
    if own is None:
        return False
    # an imported file's path is absolute, also when its user named it by a relative one
    path, own = Path(file).resolve(), own.resolve()
    return path == own or path.is_relative_to(own)


def _folder(module: str) -> Path | None:
    """Where a module's files are: those of its package, or it alone."""
    with suppress(ImportError, ValueError, AttributeError):
        spec = importlib.util.find_spec(module.partition(".")[0])
        if spec is not None and spec.origin is not None:
            origin = Path(spec.origin)
            return origin.parent if origin.name == "__init__.py" else origin
    return None


def _guarded(name: str, hook: Any, analyzer: Any) -> Analyzer:
    """A plugin's analyzer that the engine can rely on."""
    if isinstance(analyzer, type):
        what = (
            f"{hook.__name__} returned the class {analyzer.__name__}; return an object of it: [{analyzer.__name__}()]"
        )
        raise PluginError(name, what, _line(hook))
    kind = type(analyzer).__name__
    if isinstance(getattr(analyzer, "layers", None), str):
        raise PluginError(name, f"{kind}.layers is a text; write layers = ({analyzer.layers!r},)", _line(hook))
    if not all(hasattr(analyzer, one) for one in ("layers", "analyze", "ended", "finish")):
        what = f"{hook.__name__} returned {analyzer!r}, no analyzer: return an object of a class that derives from BaseAnalyzer"
        raise PluginError(name, what, _line(hook))
    return GuardedAnalyzer(analyzer, name)


def _given(name: str, hook: Any, *arguments: Any) -> list[Any]:
    """All that a hook returned or yielded."""
    try:
        returned = hook(*arguments)
        given = list(returned) if isinstance(returned, Iterable) else returned
    except BaseException as error:
        place = _line(hook)
        failure = _failure(name, error, None if place is None else Path(place[0]))
        found = place if failure.file is None else (failure.file, failure.line)
        raise PluginError(name, f"{hook.__name__}: {failure.reason}", found) from error
    if given is None:
        return []
    if not isinstance(given, list) or isinstance(returned, str | bytes | Text):
        what = f"{hook.__name__} returned {shown(returned)}, which is no list; write [ ] around it"
        raise PluginError(name, what, _line(hook))
    return given


def _collect(registry: Registry) -> None:
    kinds: tuple[tuple[str, dict[str, Any], type, str], ...] = (
        ("labdissect_layers", registry.layers, Layer, "name"),
        ("labdissect_rules", registry.rules, Rule, "code"),
        ("labdissect_columns", registry.columns, Column, "name"),
        ("labdissect_writers", registry.writers, WriterFormat, "name"),
        ("labdissect_readers", registry.readers, ReaderFormat, "name"),
    )
    for hook_name, table, kind, attribute in kinds:
        what = hook_name.removeprefix("labdissect_").removesuffix("s")
        given_by = registry.givers
        for plugin_name, plugin in registry.manager.list_name_plugin():
            hook = getattr(plugin, hook_name, None)
            if hook is None or registry.manager.parse_hookimpl_opts(plugin, hook_name) is None:
                continue
            for item in _given(plugin_name, hook):
                if not isinstance(item, kind):
                    raise PluginError(plugin_name, f"{hook_name} returned {item!r}, not a {kind.__name__}", _line(hook))
                key = getattr(item, attribute)
                if key in table:
                    other = given_by[what, key]
                    taken = f"{attribute} {key!r} is taken by plugin {other}; choose another"
                    if other == plugin_name:
                        taken = f"{hook_name} returns two of {attribute} {key!r}; choose another for one of them"
                    raise PluginError(plugin_name, taken, _line(hook))
                table[key] = item
                given_by[what, key] = plugin_name
                if isinstance(item, Layer):
                    _take_in(registry, item, plugin_name, hook)


def _take_in(registry: Registry, layer: Layer, plugin_name: str, hook: Any) -> None:
    """What a layer is besides an entry in its table: carried, when a plugin reads it, and an attribute of packets."""
    if layer.over and registry.sources[plugin_name] != BUILT_IN:
        wrong = unusable(layer)
        if wrong:
            raise PluginError(plugin_name, wrong, _line(hook))
        registry.carried[layer.name] = layer
    make_attribute(layer.name)


def unusable(layer: Layer) -> str:
    """What is wrong with the names of a plugin's layer, and with what it rides on; empty when nothing is."""
    name = layer.name
    if not isinstance(layer.over, tuple | list) or not all(
        isinstance(one, tuple | list) and len(one) == 2 for one in layer.over
    ):
        return f'layer {name!r}: over={layer.over!r} is no tuple of pairs; write over=(("udp.port", 9000),)'
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return f"layer name {name!r}: write a small letter, then small letters, digits and _, as it becomes packet.NAME"
    if is_taken(name) or name == OWN:
        return f"layer name {name!r} means something else already: packet.{name}; choose another"
    for one in layer.fields:
        if not re.fullmatch(r"[A-Za-z_][\w.-]*", one.name):
            return (
                f"layer {name}: member {one.name!r}: write letters, digits, _ and . as it becomes packet.{name}.MEMBER"
            )
        if hasattr(Header, one.attribute) or one.attribute in Header.__annotations__:
            return f"layer {name}: member {one.name!r} means something else already; choose another name"
    return ""
