#!/usr/bin/env bash
# Forty values during a broker's outage of 20 s (OUTAGE_S), the gateway killed in the middle: forty of forty are delivered, in order.
. tests/e2e/lib.sh

python3 -B tests/kill/outage.py
