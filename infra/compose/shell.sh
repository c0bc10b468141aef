# For a machine with Docker alone: after `. infra/compose/shell.sh` in a checkout, the lines of README.md work as they are written.
# `npx signals` and `node` run in the image, with the present folder and the secrets of the pipeline that Compose runs.
compose_folder="$PWD/infra/compose"
npx() { if [ "$1" = signals ]; then shift; fi; "$compose_folder/signals" "$@"; }
node() { SIGNALS_ENTRYPOINT=/usr/local/bin/node "$compose_folder/signals" "$@"; }
