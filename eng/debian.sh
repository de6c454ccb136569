# Sourced by the scripts that call programs which a Debian package can bring.

# Whether one of the commands (or path patterns), with | between them, is here.
is_here() { # commands
  local IFS='|' command
  for command in $1; do
    command -v "$command" > /dev/null || compgen -G "$command" > /dev/null && return
  done
  return 1
}

install_package() { # package
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q)
  [ "$(id -u)" -eq 0 ] || apt=(sudo -n "${apt[@]}")
  "${apt[@]}" install -y "$1" > /dev/null 2>&1 || { "${apt[@]}" update > /dev/null 2>&1 && "${apt[@]}" install -y "$1" > /dev/null; }
}

# The PostgreSQL that tests and benches start; none is needed where a server is named.
postgres_programs='initdb|/usr/lib/postgresql/*/bin/initdb'
