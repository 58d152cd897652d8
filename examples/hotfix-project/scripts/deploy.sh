#!/bin/sh
# Stands for what makes a commit live: it is given the commit.
set -eu
echo "$1" > DEPLOYED
echo "$1 is live"
