#!/bin/sh
# Creates or updates Temporal's two databases. Every step may be repeated.
set -eu
for database in temporal temporal_visibility; do
  kind=${database#temporal_}
  tool="temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u $POSTGRES_USER --db $database"
  $tool create || true
  $tool setup-schema -v 0.0 || true
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$kind/versioned"
done
