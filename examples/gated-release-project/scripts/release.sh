#!/bin/sh
# Stands for what puts a release out: it is given the version and the channel.
set -eu
echo "$1 ($2)" > RELEASED
echo "released $1 on $2"
