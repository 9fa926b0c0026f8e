#!/bin/sh
# Run once, by the image of PostgreSQL, when its data folder is empty: each program gets its own account and databases.
set -eu
# The values are bound: a quote in a password is a quote in a password.
psql --set=ON_ERROR_STOP=1 --username=postgres --quiet <<'SQL'
\getenv sevenfold_password SEVENFOLD_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD
create role sevenfold login password :'sevenfold_password';
create role temporal login password :'temporal_password';
create database sevenfold owner sevenfold;
create database temporal owner temporal;
create database temporal_visibility owner temporal;
\connect temporal
create extension if not exists btree_gin;
\connect temporal_visibility
create extension if not exists btree_gin;
SQL
