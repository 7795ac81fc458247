"""The names that the rules for Python know. Lists, so that a reader can check them; the logic is in `python_rules`."""

# ruff: noqa: SIM905 - lists of words that a person checks read best as words

from __future__ import annotations

from jupyter_agent_host.host.permissions.risk_findings import RiskClass

HARMLESS_MODULES = frozenset(
    "abc altair arviz ast base64 bisect bokeh calendar cmath collections colorsys contextlib copy cycler dataclasses "
    "datetime dateutil decimal difflib enum fractions functools geopandas graphlib hashlib heapq html ipywidgets "
    "itertools json keras lightgbm math matplotlib mpl_toolkits networkx nltk numbers numpy operator pandas "
    "patsy plotly polars pprint prophet pyarrow pylab pytz random re scipy seaborn shapely skimage sklearn spacy "
    "statistics statsmodels string sympy textwrap tensorflow time timeit torch torchvision tqdm traceback types typing "
    "typing_extensions unicodedata uuid warnings xgboost zoneinfo __future__".split()
)
"""Modules whose import says nothing; what they can write or fetch is found by the names of their functions."""

JUDGED_MODULES = frozenset({"os", "sys", "pathlib", "io", "IPython", "csv", "glob", "fnmatch", "logging", "platform"})
"""May be imported under their own names, since what is risky in them is found by attribute."""

RISKY_MODULES: dict[str, RiskClass] = {
    **dict.fromkeys("subprocess pty popen2 sh pexpect plumbum invoke fabric commands".split(), "shell"),
    **dict.fromkeys("shutil send2trash".split(), "delete"),
    **dict.fromkeys(
        "socket ssl http urllib urllib2 urllib3 requests httpx aiohttp ftplib smtplib poplib imaplib telnetlib "
        "xmlrpc websocket websockets paramiko boto3 botocore s3fs gcsfs fsspec smart_open socketserver asyncssh "
        "selenium playwright webbrowser nntplib yfinance openai anthropic tornado grpc".split(),
        "network",
    ),
    **dict.fromkeys("pip ensurepip venv conda setuptools pkg_resources virtualenv micropip piplite".split(), "install"),
    **dict.fromkeys(
        "tempfile sqlite3 shelve dbm zipfile tarfile fileinput mmap openpyxl h5py sqlalchemy".split(), "files"
    ),
    **dict.fromkeys("keyring getpass netrc dotenv".split(), "secrets"),
    **dict.fromkeys(
        "pickle cPickle dill cloudpickle joblib marshal runpy code codeop imp cffi ctypes numba cython pyximport "
        "multiprocessing concurrent threading asyncio _thread signal numexpr".split(),
        "code",
    ),
    **dict.fromkeys(
        "importlib builtins __builtin__ inspect gc atexit site zipimport pkgutil six sysconfig".split(), "hidden"
    ),
    "jupyter_agent_host": "permissions",
}

SENSITIVE_PARTS = frozenset(
    "os sys subprocess shutil builtins __builtins__ importlib socket ctypes ctypeslib f2py distutils pickle posix nt "
    "_os _sys multiprocessing testing_tools requests urllib".split()
)
"""Modules that are risky to reach *through* another one: `pandas.io.common.os`."""

OS_HARMLESS = frozenset(
    "path getcwd listdir scandir walk sep linesep cpu_count name curdir pardir getpid fspath stat PathLike extsep "
    "altsep devnull get_terminal_size".split()
)
SYS_HARMLESS = frozenset(
    "version version_info argv maxsize platform getsizeof executable byteorder float_info int_info implementation "
    "getrecursionlimit hexversion prefix".split()
)

BUILTIN_NAMES: dict[str, RiskClass] = {
    **dict.fromkeys("eval exec compile __import__ breakpoint execfile reload".split(), "code"),
    **dict.fromkeys(
        "globals locals vars setattr delattr __builtins__ __loader__ __spec__ memoryview".split(), "hidden"
    ),
    "input": "hidden",
    "get_ipython": "hidden",
    **dict.fromkeys("exit quit".split(), "shell"),
}

ATTRIBUTES: dict[str, RiskClass] = {
    **dict.fromkeys(
        "system popen popen2 popen3 popen4 spawn spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe execl "
        "execle execlp execlpe execv execve execvp execvpe posix_spawn posix_spawnp fork forkpty kill killpg startfile "
        "check_output check_call getoutput getstatusoutput Popen create_subprocess_exec create_subprocess_shell "
        "setuid setgid chroot abort _exit".split(),
        "shell",
    ),
    **dict.fromkeys(
        "unlink rmdir rmtree removedirs renames truncate ftruncate unlinkat send2trash delete_file delete_dir "
        "delete_dir_contents".split(),
        "delete",
    ),
    **dict.fromkeys(
        "to_csv to_parquet to_pickle to_excel to_hdf to_feather to_stata to_orc to_gbq to_sql to_clipboard to_zarr "
        "to_netcdf to_file write_text write_bytes writelines savefig savez savez_compressed savetxt tofile memmap "
        "open_memmap imsave write_csv write_parquet write_image write_html write_json write_ipc write_excel save_model "
        "save_weights mkdir makedirs touch chmod chown lchown symlink link symlink_to hardlink_to link_to mkfifo mknod "
        "utime copyfile copytree copy2 copyfileobj extractall to_disk sink_csv sink_parquet ExcelWriter HDFStore "
        "write_pandas fdopen open_code FileIO sys_write FileHandler basicConfig get_handle savemat output_file OSFile "
        "LocalFileSystem open_output_stream open_append_stream output_stream create_dir to_json to_html to_latex "
        "to_markdown to_string to_xml".split(),
        "files",
    ),
    **dict.fromkeys(
        "urlopen urlretrieve urlcleanup create_connection create_server download fetch_openml load_dataset "
        "read_html read_gbq read_sql_query read_sql_table read_sql hub get_file download_file download_url "
        "from_pretrained push_to_hub DataReader send sendall recv sendto S3FileSystem GcsFileSystem "
        "HadoopFileSystem".split(),
        "network",
    ),
    **dict.fromkeys("environ environb getenv getenvb expandvars expanduser home getlogin".split(), "secrets"),
    **dict.fromkeys(
        "loads_pickle read_pickle Unpickler exec_module load_module import_module run_path run_module load_library "
        "run_cell run_cell_async run_code ex ev runcode safe_execfile enable_autoreload register_magic_function "
        "set_trace settrace setprofile addaudithook cdll windll CDLL dlopen start_new_thread inline_c jit njit "
        "cffi load_extension push_app load_model deserialize FunctionType CodeType LambdaType start_ipython embed "
        "launch_new_instance get_type_hints get_annotations ForwardRef evaluate_forward_ref".split(),
        "code",
    ),
    **dict.fromkeys(
        "modules meta_path path_hooks path_importer_cache displayhook excepthook f_globals f_locals f_builtins f_back "
        "gi_frame cr_frame ag_frame tb_frame _getframe func_globals func_code builtin_trap user_ns user_global_ns "
        "user_module events input_transformers_post input_transformers_cleanup input_transformer_manager "
        "ast_transformers kernel comm_manager attrgetter methodcaller".split(),
        "hidden",
    ),
    **dict.fromkeys(
        "Javascript publish_display_data IFrame ScriptElement _model_module display_javascript YouTubeVideo "
        "VimeoVideo".split(),
        "page",
    ),
}
"""Risky whatever they hang on, called or not: a name that was bound to a module earlier is not known here."""

PREFIXES: dict[str, RiskClass] = {
    **dict.fromkeys(("write_", "save_", "sink_", "dump_"), "files"),
    **dict.fromkeys(("fetch_", "download_"), "network"),
}
"""The same for names that begin so."""

TO_TEXT = frozenset({"to_json", "to_html", "to_latex", "to_markdown", "to_string", "to_xml"})
"""Give a text, unless they are given a file to write it to."""

BY_NAME = frozenset({"apply", "agg", "aggregate", "transform", "pipe"})
"""Methods of tables that call another one by its name."""

PRIVATE_KNOWN = frozenset({"_asdict", "_replace", "_make", "_fields"})
"""Of named tuples. Any other private name is how one gets at what a module hides: `uuid._get_command_stdout`."""

HARMLESS_DUNDERS = frozenset(
    "__name__ __doc__ __version__ __init__ __len__ __str__ __repr__ __eq__ __lt__ __hash__ __iter__ __next__ "
    "__post_init__ __enter__ __exit__ __call__ __getitem__ __add__ __mul__ __sub__ __contains__ __annotations__".split()
)

CODE_METHODS = frozenset({"query", "eval"})
"""Methods that evaluate text: harmless with a plain literal expression."""

PYTHON_TEXT = frozenset({"sympify", "parse_expr", "timeit", "Timer"})
"""Functions that run a text as Python: harmless with a literal one that is."""

HARMLESS_MAGICS = frozenset(
    "time timeit matplotlib who whos who_ls pwd lsmagic magic quickref precision pinfo pinfo2 pdoc pdef psource pfile "
    "prun history hist pylab xmode colors pprint memit mprun lprun".split()
)
CODE_MAGICS = frozenset({"time", "timeit", "prun", "memit", "capture", "mprun", "lprun"})
"""Magics whose text is Python and is judged as such."""
HARMLESS_CELL_MAGICS = frozenset({"time", "timeit", "prun", "capture", "memit", "markdown", "latex"})
MAGICS: dict[str, RiskClass] = {
    **dict.fromkeys(
        "bash sh script system sx cmd perl ruby pypy python python2 python3 alias alias_magic rehashx killbgscripts "
        "powershell".split(),
        "shell",
    ),
    **dict.fromkeys("reset reset_selective xdel rmdir".split(), "delete"),
    **dict.fromkeys("pip conda mamba uv micromamba".split(), "install"),
    **dict.fromkeys(
        "writefile file save store cd pushd popd notebook logstart logon logoff edit ed bookmark dhist cat less more "
        "ls ll cp mv rm mkdir".split(),
        "files",
    ),
    **dict.fromkeys("env set_env".split(), "secrets"),
    **dict.fromkeys("load loadpy pastebin gist sql".split(), "network"),
    **dict.fromkeys(
        "run rerun recall rep macro load_ext reload_ext unload_ext autoreload cython debug pdb autocall automagic "
        "config gui subshell".split(),
        "code",
    ),
    **dict.fromkeys("html javascript js svg".split(), "page"),
    **dict.fromkeys("agent".split(), "permissions"),
}
