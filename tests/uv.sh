# Sourced by tests/lock and tests/bounds: uv in an environment of its own, which nothing else is installed into.

# install_uv FOLDER [PYTHON]
install_uv() {
  "${2:-python3}" -m venv "$1"
  "$1/bin/pip" install -q "uv>=0.9,<1"
  uv_folder="$1"
  # uv does not read pip's settings: the index is passed on, pip's constraints and link folders are not wanted.
  local index
  index="${PIP_INDEX_URL:-$("$1/bin/pip" config get global.index-url 2>/dev/null || true)}"
  [ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
}

run_uv() {
  env -u UV_CONSTRAINT -u UV_BUILD_CONSTRAINT -u UV_OVERRIDE -u UV_FIND_LINKS -u UV_INDEX -u UV_EXTRA_INDEX_URL \
    "$uv_folder/bin/uv" --no-config "$@"
}
