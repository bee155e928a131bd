# Shared by demo.sh and test.sh: installs missing Debian packages and builds what is not current.
# Sourced by bash; needs nothing but what a minimal Debian has.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8 LANG=C.UTF-8
export PATH=$PATH:/usr/sbin:/sbin
# One compiler cache serves every checkout of the project.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    say "Packages have to be installed: run this as root, or install sudo."
    return 1
  fi
}

# packages_of SECTION...: names in those sections of packages.txt.
packages_of() {
  local line section=
  while read -r line; do
    case $line in
      '' | '#'*) ;;
      '['*']') section=${line//[\[\]]/} ;;
      *) case " $* " in *" $section "*) printf '%s\n' "$line" ;; esac ;;
    esac
  done <"$ROOT/scripts/packages.txt"
}

is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# A newer package from elsewhere can make one of the release impossible to install.
is_installable() { apt-get -s -qq install --no-install-recommends "$1" >/dev/null 2>&1; }

is_available() { apt-cache show --no-all-versions "$1" >/dev/null 2>&1; }

# Runs the commands in $1 as root with every service start refused and no PostgreSQL cluster made,
# so that a new package leaves nothing running and nothing enabled. What was there stays.
APT_WITHOUT_SERVICES='
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/zz-none.conf
made=
cleanup() { rm -f "$cluster"; [ -z "$made" ] || rm -f "$policy"; }
trap cleanup EXIT
if [ ! -e "$policy" ]; then made=1; printf "#!/bin/sh\nexit 101\n" >"$policy"; chmod 755 "$policy"; fi
mkdir -p "${cluster%/*}"; echo "create_main_cluster = false" >"$cluster"
DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
  install --no-install-recommends "$@" || exit
if command -v systemctl >/dev/null; then
  for name in prometheus prometheus-alertmanager postgresql redis-server; do
    case " $* " in *" $name "*) systemctl --quiet disable "$name" 2>/dev/null || echo "$name: not disabled" ;; esac
  done
fi'

# install_packages SECTION...: installs what is missing of those sections.
install_packages() {
  local package missing=() unknown=
  while read -r package; do
    is_installed "${package%\?}" || missing+=("$package")
  done < <(packages_of "$@")
  [ ${#missing[@]} -gt 0 ] || return 0

  for package in "${missing[@]}"; do is_available "${package%\?}" || unknown=1; done
  if [ -n "$unknown" ]; then
    as_root apt-get -qq update || return
  fi
  local wanted=()
  for package in "${missing[@]}"; do
    if [ "$package" = "${package%\?}" ] || is_installable "${package%\?}"; then
      wanted+=("${package%\?}")
    else
      say "${package%\?} cannot be installed on this system: what needs it is skipped."
    fi
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  say "Installing: ${wanted[*]}"
  as_root bash -c "$APT_WITHOUT_SERVICES" apt "${wanted[@]}" ||
    { as_root apt-get -qq update && as_root bash -c "$APT_WITHOUT_SERVICES" apt "${wanted[@]}"; }
}

# build PRESET [TARGET...]: configures once, then builds what changed, into build/PRESET.
build() {
  local preset=$1 dir=$ROOT/build/$1
  shift
  if [ -f "$dir/CMakeCache.txt" ] &&
    ! grep -q "^CMAKE_HOME_DIRECTORY:INTERNAL=$ROOT\$" "$dir/CMakeCache.txt"; then
    rm -rf "$dir" # configured for a checkout elsewhere
  fi
  if [ ! -f "$dir/build.ninja" ]; then
    (cd "$ROOT" && cmake --preset "$preset" >&2) || return
  fi
  ninja -C "$dir" "$@" >&2
}
